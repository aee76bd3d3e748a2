import type { NativeAddon, NativeFrameInfo } from '../../src/native/types.js';
import type { Candidate, PromptResult, Segmenter, SegmentPrompt } from '../../src/segment/segmenter.js';
import type { Tracker } from '../../src/track/types.js';
import type { Film } from './clips/film.js';
import type { ObjectTruth } from './clips/truth.js';
import { ScoreKeeper, type TrackScore } from './score.js';

export interface FilmRun {
  readonly film: Film;
  readonly segmenter: Pick<Segmenter, 'segment'>;
  readonly addon: NativeAddon;
  /** By name: each follows the film's objects by itself, in turns on the same frames, so that each is encoded once. */
  readonly trackers: Readonly<Record<string, Tracker>>;
  /** Is told the time that a tracker took on a frame, without the model, ms. */
  readonly onCost?: (name: string, ms: number) => void;
}

/** Follows a film's objects from its first frame on, where each is given by the truth's box. */
export async function runFilm(run: FilmRun): Promise<Record<string, TrackScore>> {
  const { film, addon, trackers } = run;
  const keepers = Object.fromEntries(
    Object.keys(trackers).map((name) => [name, new ScoreKeeper(addon, film)]),
  );
  for (const [index, timestamp] of film.timesMs.entries()) {
    const { rgb, truths } = film.frame(index);
    const { width, height } = film;
    const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp, seq: index });
    try {
      const boxed = await byTruth(run, frame, truths);
      const boxIous = truths.map(({ mask }, i) =>
        mask && boxed[i] ? addon.rleIou(mask.counts, boxed[i].rle.counts, width, height) : 0,
      );
      for (const [name, tracker] of Object.entries(trackers)) {
        if (index === 0) seed(tracker, frame, { truths, boxed });
        else keepers[name]?.frame(truths, await step(run, name, { tracker, frame }), boxIous);
      }
    } finally {
      addon.releaseFrame(frame.id);
    }
  }
  return Object.fromEntries(Object.entries(keepers).map(([name, keeper]) => [name, keeper.score]));
}

function seed(
  tracker: Tracker,
  frame: NativeFrameInfo,
  { truths, boxed }: { truths: readonly ObjectTruth[]; boxed: readonly (Candidate | undefined)[] },
): void {
  for (const [i, { id }] of truths.entries()) {
    const candidate = boxed[i];
    if (!candidate?.box) throw new Error(`${id} is not seen in the first frame`);
    tracker.add({ id, candidate, frame });
  }
}

async function step(
  { segmenter, onCost }: FilmRun,
  name: string,
  { tracker, frame }: { tracker: Tracker; frame: NativeFrameInfo },
) {
  const startedAt = performance.now();
  const prompts = tracker.prompts(frame);
  const promptedAt = performance.now();
  // Answers are kept by frame and id: those of one tracker must not meet another's.
  const own = (id: string): string => `${name}/${id}`;
  const { results } = await segmenter.segment({
    frame,
    prompts: prompts.map((prompt) => ({
      ...prompt,
      id: own(prompt.id),
      ...(prompt.previous === undefined
        ? {}
        : { previous: { ...prompt.previous, maskId: own(prompt.previous.maskId) } }),
    })),
  });
  const answeredAt = performance.now();
  const update = tracker.update(frame, prompts, results);
  onCost?.(name, promptedAt - startedAt + performance.now() - answeredAt);
  return update;
}

/** What the model answers to the boxes of the truth. */
async function byTruth(
  { segmenter }: FilmRun,
  frame: NativeFrameInfo,
  truths: readonly ObjectTruth[],
): Promise<(Candidate | undefined)[]> {
  const seen = truths.flatMap(({ id, mask }) => (mask ? [{ id: `truth/${id}`, box: mask.box }] : []));
  const prompts: SegmentPrompt[] = seen.map((prompt) => ({ ...prompt, points: [], multimask: false }));
  const { results } = await segmenter.segment({ frame, prompts, keepLogits: false });
  const byId = new Map(prompts.map(({ id }, i) => [id, first(results[i])]));
  return truths.map(({ id }) => byId.get(`truth/${id}`));
}

function first(result: PromptResult | undefined): Candidate | undefined {
  return result && 'candidates' in result ? result.candidates[0] : undefined;
}
