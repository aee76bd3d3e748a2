/** Everything of a camera's frame as a masks message: as background work, so that prompts go first. */
import { wallClockMs } from '../clock.js';
import { SamwireError } from '../errors.js';
import { type EdgeMapResult, edgeMapOf } from '../everything/edges.js';
import { segmentEverything } from '../everything/generate.js';
import { everythingOptions, type ModelThresholds } from '../everything/options.js';
import { createPause } from '../everything/pause.js';
import type { EverythingOptions, EverythingResult } from '../everything/types.js';
import type { Camera } from '../frames/camera.js';
import { finishTiming } from '../masks/timing.js';
import type { LowResMask, MaskEncoding, MaskItem, MasksMessage } from '../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { EverythingMessage } from '../prompts/everything.js';
import { invalidMessage } from '../prompts/json.js';
import { type FrameSize, resolvePrompts } from '../prompts/resolve.js';
import type { Box } from '../prompts/types.js';
import type { EdgeMap, Segmenter, SegmentTiming } from '../segment/segmenter.js';
import { type Answer, toItem } from './answer.js';
import type { BackgroundAnswer, BackgroundWork } from './schedule/background.js';
import type { Scheduler } from './schedule/scheduler.js';

/** A grid of 128 × 128: minutes on a CPU. One request must not keep the model for hours. */
const MAX_POINTS = 16_384;
/** Handed to the scheduler at a time, which cuts them into chunks. */
const PROMPTS_PER_RUN = 64;
/** For edges, whose masks are gathered in turns that can't be cut: a decoder's run of the onnx backend, which alone can. */
const EDGE_PROMPTS_PER_RUN = 8;

export interface EverythingJob {
  readonly camera: Camera;
  readonly message: EverythingMessage;
  /** Somebody waits for the answer. */
  readonly requested: boolean;
  /** Arrival, ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** Not begun by then, it is refused as `expired`. ms since the Unix epoch. */
  readonly beginByMs: number;
  /** How long a camera that does not stream may take to deliver a frame. */
  readonly maxAgeMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

export interface EverythingDependencies {
  readonly addon: NativeAddon;
  readonly scheduler: Scheduler;
  readonly segmenter: Segmenter;
  /** Where the message says nothing. */
  readonly defaults: Pick<EverythingOptions, 'strategy' | 'grid'>;
  /** Those that suit the model, where its manifest names some. */
  readonly thresholds?: ModelThresholds | undefined;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
}

export interface EverythingAnswer extends Answer {
  /** With a handle that the caller releases. */
  readonly frame: NativeFrameInfo;
  /** Prompts that were decoded. */
  readonly prompts: number;
  /** Where they were asked for. */
  readonly edges: EdgeMap | null;
}

/** What the job finds. */
interface Found {
  readonly everything: EverythingResult;
  readonly edges: EdgeMapResult | null;
}

/**
 * @throws SamwireError `unsupported_prompt` for boxes that neither the message nor the model has, `too_many_prompts`,
 *   `invalid_message` for boxes outside of the frame, and what the scheduler's `submitBackground` rejects with.
 */
export async function answerEverything(
  job: EverythingJob,
  dependencies: EverythingDependencies,
): Promise<EverythingAnswer> {
  const { addon, scheduler, segmenter, defaults, thresholds } = dependencies;
  const { message, ...submitted } = job;
  const strategy = message.strategy ?? defaults.strategy;
  const wanted = { ...defaults, ...message.options, strategy };
  const options = everythingOptions(wanted, { segmenter, thresholds });
  checkOptions(options, message, segmenter);
  const answer = await scheduler.submitBackground({
    ...submitted,
    frame: message.frame,
    work: (work) => generate(work, { options, message, dependencies }),
    onAnswer: (frame) => addon.retainFrame(frame.id),
  });
  try {
    const made = await toEverythingAnswer(answer, job, dependencies);
    const { everything, edges } = answer.value;
    const prompts = everything.prompts + (edges?.prompts ?? 0);
    return { ...made, frame: answer.frame, prompts, edges: edges?.map ?? null };
  } catch (thrown) {
    addon.releaseFrame(answer.frame.id);
    throw thrown;
  }
}

function checkOptions(
  { strategy, grid, cropLayers, cropPointsDownscale }: EverythingOptions,
  { boxes, edges }: EverythingMessage,
  segmenter: Segmenter,
): void {
  if (edges && !segmenter.edges) {
    const expected = 'false or nothing, since this model gives no edges on this backend';
    throw new SamwireError('unsupported_prompt', `Expected ${expected} at edges, got true.`, {
      details: [{ path: 'edges', expected, got: 'true' }],
    });
  }
  if (strategy === 'boxes') {
    if (boxes || segmenter.proposals || segmenter.everything) return;
    const expected = 'boxes, since this model proposes none by itself';
    throw new SamwireError(
      'unsupported_prompt',
      `Expected ${expected}. Send "boxes", or choose the strategy grid or hierarchical.`,
      { details: [{ path: 'boxes', expected, got: 'nothing' }] },
    );
  }
  let points = 0;
  for (let layer = 0; layer <= cropLayers; layer += 1)
    points += 4 ** layer * Math.trunc(grid / cropPointsDownscale ** layer) ** 2;
  if (points <= MAX_POINTS) return;
  throw new SamwireError(
    'too_many_prompts',
    `Expected at most ${MAX_POINTS} points over the picture and its crops, got ${points}. Ask for a smaller grid or fewer cropLayers, or raise cropPointsDownscale.`,
    { details: [{ path: 'grid', expected: `at most ${MAX_POINTS} points in all`, got: String(points) }] },
  );
}

interface Generation {
  readonly options: EverythingOptions;
  readonly message: EverythingMessage;
  readonly dependencies: EverythingDependencies;
}

async function generate(work: BackgroundWork, generation: Generation): Promise<Found> {
  const { frame, signal, segment, turn } = work;
  const { options, message, dependencies } = generation;
  const { addon, segmenter } = dependencies;
  const { proposals, everything, edges } = segmenter;
  const { boxes, normalized } = message;
  const given = { frame, segment, addon, signal };
  const found = await segmentEverything({
    ...given,
    ...(proposals ? { proposals: (on) => turn(() => proposals.call(segmenter, on)) } : {}),
    ...(everything ? { everything: (asked) => turn(() => everything.call(segmenter, asked)) } : {}),
    promptsPerRun: PROMPTS_PER_RUN,
    options: boxes ? { ...options, boxes: boxesOn(frame, boxes, normalized) } : options,
  });
  if (!message.edges || !edges) return { everything: found, edges: null };
  const map = await edgeMapOf({
    ...given,
    edges: (asked) => turn(() => edges.call(segmenter, asked)),
    promptsPerRun: EDGE_PROMPTS_PER_RUN,
  });
  return { everything: found, edges: map };
}

/**
 * The boxes in pixels, clipped to the frame.
 * @throws SamwireError `invalid_message` that names each box which is empty or outside.
 */
export function boxesOn(frame: FrameSize, boxes: readonly Box[], normalized: boolean): readonly Box[] {
  const prompts = boxes.map((box, i) => ({ id: String(i), box, points: [] }));
  const resolved = resolvePrompts({ prompts, normalized }, frame);
  const faults = resolved.failed.flatMap(({ id, error }) =>
    (error.details ?? []).map((detail) => ({ ...detail, path: `boxes[${id}]` })),
  );
  if (faults.length > 0) throw invalidMessage(faults);
  return resolved.prompts.flatMap(({ box }) => (box ? [box] : []));
}

/** Ids are the masks' places in the generator's order, the best first. */
async function toEverythingAnswer(
  { value, frame, skewMs, ageMs, queueMs, workMs, answeredAtMs }: BackgroundAnswer<Found>,
  { camera, message }: EverythingJob,
  { addon, segmenter, encodings, polygonTolerancePx }: EverythingDependencies,
): Promise<Answer> {
  const meter = camera.depth?.meter(frame);
  const wanted = { addon, polygonTolerancePx, encodings: message.encodings ?? encodings, meter };
  const masks: MaskItem[] = [];
  const lowres = new Map<string, LowResMask>();
  const drawable: MaskItem[] = [];
  const pause = createPause();
  for (const [i, mask] of value.everything.masks.entries()) {
    await pause();
    const item = await toItem(String(i), undefined, mask, wanted);
    masks.push(item);
    lowres.set(item.id, mask.lowres);
    drawable.push({ ...item, rle: mask.rle });
  }
  const stages = { ageMs, queueMs, ...stagesOf(value, workMs) };
  const publishMs = Math.max(0, wallClockMs() - answeredAtMs);
  const { seq, timestamp, width, height } = frame;
  const made: MasksMessage = {
    source: 'everything',
    camera: camera.name,
    frame: { seq, timestamp, width, height, skewMs },
    masks,
    model: segmenter.model,
    backend: segmenter.backend,
    timing: finishTiming({ ...stages, publishMs, captureToPublishMs: 0 }, 0),
  };
  return { message: made, lowres, drawable };
}

function stagesOf({ everything, edges }: Found, workMs: number): SegmentTiming {
  const timings = [everything.timing, ...(edges ? [edges.timing] : [])];
  const sum = (stage: 'prepareMs' | 'encodeMs' | 'decodeMs' | 'maskMs'): number =>
    timings.reduce((total, timing) => total + timing[stage], 0);
  const [prepareMs, encodeMs, decodeMs] = [sum('prepareMs'), sum('encodeMs'), sum('decodeMs')];
  // What is neither waiting nor the networks' own is choosing among the masks, and the way to the model and back.
  const maskMs = Math.max(sum('maskMs'), workMs - prepareMs - encodeMs - decodeMs);
  const embeddingReused = timings.every((timing) => timing.embeddingReused);
  return { prepareMs, encodeMs, decodeMs, maskMs, embeddingReused };
}
