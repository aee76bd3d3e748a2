/** Everything of a camera's frame as a masks message: as background work, so that prompts go first. */
import { SamwireError } from '../errors.js';
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
import type { Segmenter } from '../segment/segmenter.js';
import { type Answer, toItem } from './answer.js';
import type { BackgroundAnswer, BackgroundWork } from './background.js';
import type { Scheduler } from './scheduler.js';

/** A grid of 128 × 128: minutes on a CPU. One request must not keep the model for hours. */
const MAX_POINTS = 16_384;
/** Handed to the scheduler at a time, which cuts them into chunks. */
const PROMPTS_PER_RUN = 64;

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
    return { ...made, frame: answer.frame, prompts: answer.value.prompts };
  } catch (thrown) {
    addon.releaseFrame(answer.frame.id);
    throw thrown;
  }
}

function checkOptions(
  { strategy, grid, cropLayers, cropPointsDownscale }: EverythingOptions,
  { boxes }: EverythingMessage,
  segmenter: Segmenter,
): void {
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

function generate(
  { frame, signal, segment, turn }: BackgroundWork,
  { options, message, dependencies }: Generation,
): Promise<EverythingResult> {
  const { addon, segmenter } = dependencies;
  const { proposals, everything } = segmenter;
  const { boxes, normalized } = message;
  return segmentEverything({
    frame,
    segment,
    ...(proposals ? { proposals: (on) => turn(() => proposals.call(segmenter, on)) } : {}),
    ...(everything ? { everything: (asked) => turn(() => everything.call(segmenter, asked)) } : {}),
    addon,
    signal,
    promptsPerRun: PROMPTS_PER_RUN,
    options: boxes ? { ...options, boxes: boxesOn(frame, boxes, normalized) } : options,
  });
}

/**
 * The boxes in pixels, clipped to the frame.
 * @throws SamwireError `invalid_message` that names each box which is empty or outside.
 */
function boxesOn(frame: FrameSize, boxes: readonly Box[], normalized: boolean): readonly Box[] {
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
  { value, frame, skewMs, ageMs, queueMs, workMs, answeredAtMs }: BackgroundAnswer<EverythingResult>,
  { camera, message }: EverythingJob,
  { addon, segmenter, encodings, polygonTolerancePx }: EverythingDependencies,
): Promise<Answer> {
  const wanted = { addon, polygonTolerancePx, encodings: message.encodings ?? encodings };
  const masks: MaskItem[] = [];
  const lowres = new Map<string, LowResMask>();
  const drawable: MaskItem[] = [];
  const pause = createPause();
  for (const [i, mask] of value.masks.entries()) {
    await pause();
    const item = await toItem(String(i), undefined, mask, wanted);
    masks.push(item);
    lowres.set(item.id, mask.lowres);
    drawable.push({ ...item, rle: mask.rle });
  }
  const { prepareMs, encodeMs, decodeMs, embeddingReused } = value.timing;
  // What is neither waiting nor the networks' own is choosing among the masks, and the way to the model and back.
  const maskMs = Math.max(value.timing.maskMs, workMs - prepareMs - encodeMs - decodeMs);
  const stages = { ageMs, queueMs, prepareMs, encodeMs, decodeMs, maskMs, embeddingReused };
  const publishMs = Math.max(0, Date.now() - answeredAtMs);
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
