import { SamwireError } from '../errors.js';
import type { Box } from '../prompts/types.js';
import type { Candidate, SegmentPrompt, SegmentTiming } from '../segment/segmenter.js';
import type { EverythingFrame, EverythingMask, EverythingRequest, EverythingResult } from './types.js';

/** On the CPU the decoder takes 8 a run; who else wants the model waits for one call only. */
const PROMPTS_PER_RUN = 16;

/** What a mask is asked for with: a point or a box of the crop, in the crop's pixels. */
export interface Asked {
  readonly point: readonly [x: number, y: number] | null;
  readonly box: Box | null;
}

export interface DecodeTask {
  readonly frame: EverythingFrame;
  readonly asked: readonly Asked[];
  /** The candidates that the manifest's `mask.multi` names of each; else the one that the family chooses. */
  readonly multimask: boolean;
  /** Tells also candidates that don't pass, where their score is at least this part of the threshold, 0..1. */
  readonly unsure?: number;
  /** Masks at this level of the logits instead of the manifest's. */
  readonly threshold?: number;
}

/** A candidate of one prompt, before it is placed into the whole frame. */
export interface Passed {
  readonly asked: Asked;
  readonly candidate: Candidate;
}

export interface Found extends Passed {
  /** Which of the task's prompts. */
  readonly place: number;
  /** It is above the thresholds. */
  readonly passes: boolean;
  /** How much of the thresholds it reaches, 0..1: 1 where it passes. */
  readonly share: number;
}

/** Decodes prompts in runs, keeps what passes the filters, and counts. One for each call of segmentEverything. */
export class Decoding {
  readonly #request: EverythingRequest;
  #prompts = 0;
  #planned = 0;
  #runs = 0;
  #timing: SegmentTiming = { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, embeddingReused: true };

  constructor(request: EverythingRequest) {
    this.#request = request;
  }

  /** Prompts that are to come, for the progress. */
  plan(prompts: number): void {
    this.#planned += prompts;
  }

  /** What passed score and stability, in the order of the prompts and their candidates; more with `unsure`. */
  async decode(task: DecodeTask): Promise<Found[]> {
    const { promptsPerRun = PROMPTS_PER_RUN, signal, onProgress } = this.#request;
    const found: Found[] = [];
    for (let start = 0; start < task.asked.length; start += promptsPerRun) {
      signal?.throwIfAborted();
      const asked = task.asked.slice(start, start + promptsPerRun);
      for (const one of await this.#run(asked, task)) found.push({ ...one, place: start + one.place });
      this.#prompts += asked.length;
      this.#runs += 1;
      onProgress?.({ done: this.#prompts, total: Math.max(this.#planned, this.#prompts) });
    }
    signal?.throwIfAborted();
    return found;
  }

  result(masks: readonly EverythingMask[]): EverythingResult {
    const { maxMasks } = this.#request.options;
    return {
      masks: maxMasks === null ? masks : masks.slice(0, maxMasks),
      prompts: this.#prompts,
      runs: this.#runs,
      timing: this.#timing,
    };
  }

  /** Time of our own that belongs to the masks. */
  spent(maskMs: number): void {
    this.#timing = { ...this.#timing, maskMs: this.#timing.maskMs + maskMs };
  }

  async #run(asked: readonly Asked[], { frame, multimask, unsure, threshold }: DecodeTask): Promise<Found[]> {
    const { segment, options } = this.#request;
    const prompts = asked.map(
      ({ point, box }, i): SegmentPrompt => ({
        id: String(i),
        points: point ? [{ x: point[0], y: point[1], label: 1 }] : [],
        ...(box ? { box } : {}),
        multimask,
      }),
    );
    // A float32 score is held against a float32 threshold, as in torch.
    const least = Math.fround(options.minScore * (unsure ?? 1));
    const minScore = options.minScore > 0 ? least : Number.NEGATIVE_INFINITY;
    const { results, timing } = await segment({
      frame,
      prompts,
      minScore,
      keepLogits: false,
      ...(threshold === undefined ? {} : { threshold }),
    });
    this.add(timing);
    return results.flatMap((result, place) => {
      if ('error' in result) throw new SamwireError(result.error.code, result.error.message, result.error);
      return result.candidates
        .map((candidate) => ({
          asked: asked[place] as Asked,
          candidate,
          place,
          ...held(candidate, options),
        }))
        .filter(({ passes }) => passes || unsure !== undefined);
    });
  }

  /** Time of a call that was not one of `decode`. */
  add(timing: SegmentTiming): void {
    const sum = this.#timing;
    this.#timing = {
      prepareMs: sum.prepareMs + timing.prepareMs,
      encodeMs: sum.encodeMs + timing.encodeMs,
      decodeMs: sum.decodeMs + timing.decodeMs,
      maskMs: sum.maskMs + timing.maskMs,
      embeddingReused: sum.embeddingReused && timing.embeddingReused,
    };
  }
}

/** The generator's two filters, which are not applied at 0: score above, stability at least. */
function held(
  { score, stability }: Candidate,
  { minScore, minStability }: EverythingRequest['options'],
): Pick<Found, 'passes' | 'share'> {
  const sure = minScore > 0 ? Math.fround(score) > Math.fround(minScore) : true;
  const stable = minStability > 0 ? Math.fround(stability) >= Math.fround(minStability) : true;
  const part = (value: number, wanted: number): number => (wanted > 0 ? Math.min(1, value / wanted) : 1);
  const share = sure && stable ? 1 : part(score, minScore) * part(stability, minStability);
  return { passes: sure && stable, share };
}
