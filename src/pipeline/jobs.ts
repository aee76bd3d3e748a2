/** The picture of a job: decoded, segmented among the cameras' frames, answered. */
import { setTimeout } from 'node:timers/promises';
import { SamwireError } from '../errors.js';
import type { FrameSource } from '../frames/source.js';
import type { MaskEncoding } from '../masks/types.js';
import type { PromptContext } from '../mqtt/service.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { PictureMessage } from '../prompts/picture.js';
import { type ResolvedPrompts, resolvePrompts } from '../prompts/resolve.js';
import type { Segmenter } from '../segment/segmenter.js';
import { type Answer, toAnswer } from './answer.js';
import { loadImage } from './image-file.js';
import type { PixelBudget } from './pixel-budget.js';
import type { SchedulerAnswer, SchedulerRequest } from './schedule/request.js';
import type { Scheduler } from './schedule/scheduler.js';

export interface Job {
  readonly message: PictureMessage;
  readonly context: PromptContext;
}

export interface JobTools {
  readonly scheduler: Pick<Scheduler, 'submit' | 'closed'>;
  readonly segmenter: Segmenter;
  readonly addon: Pick<
    NativeAddon,
    'createFrame' | 'retainFrame' | 'releaseFrame' | 'rleToMask' | 'rleToPolygons' | 'rleCentroid'
  >;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
  readonly maxImagePixels: number;
  /** Of the pictures that are in memory, those of other doors among them. */
  readonly pixels: PixelBudget;
}

/** Before a job that the full queue let go of is queued again. */
const AGAIN_MS = 100;

/**
 * A job has no deadline but its own (`maxAgeMs`, message expiry), and waits however busy the model is: how many there
 * are is bounded by who brings them.
 * @throws SamwireError `invalid_image`, `too_large`, `expired`, what the segmenter rejects with, or `overloaded` when
 * the node is stopping.
 */
export async function answerJob({ message, context }: Job, tools: JobTools): Promise<Answer> {
  const { addon, maxImagePixels, pixels } = tools;
  let leave = (): void => undefined;
  try {
    const { frame } = await loadImage(message.image, {
      addon,
      maxPixels: maxImagePixels,
      name: 'The image',
      timestamp: context.receivedAtMs,
      admit: async (count) => {
        leave = await pixels.take(count);
      },
    });
    try {
      return await answerFrame(frame, { message, context }, tools);
    } finally {
      addon.releaseFrame(frame.id);
    }
  } finally {
    leave();
  }
}

async function answerFrame(
  frame: NativeFrameInfo,
  { message: { prompt }, context }: Job,
  { scheduler, segmenter, addon, encodings, polygonTolerancePx }: JobTools,
): Promise<Answer> {
  let resolved: ResolvedPrompts = { prompts: [], failed: [] };
  const untilExpiry = (context.expiresAtMs ?? Number.POSITIVE_INFINITY) - context.receivedAtMs;
  const answer = await untilTaken(scheduler, {
    kind: 'job',
    camera: stillSource(frame, addon),
    frame: 'latest',
    prompts: () => {
      resolved = resolvePrompts(prompt, frame);
      return resolved.prompts;
    },
    promptCount: prompt.prompts.length,
    multimask: prompt.multimask,
    // The frame is gone when the answer is made: there is nothing to refine.
    keepLogits: false,
    receivedAtMs: context.receivedAtMs,
    maxAgeMs: Math.min(prompt.maxAgeMs ?? Number.POSITIVE_INFINITY, untilExpiry),
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  });
  return toAnswer(answer, {
    ...(prompt.requestId === undefined ? {} : { requestId: prompt.requestId }),
    source: 'job',
    camera: null,
    model: segmenter.model,
    backend: segmenter.backend,
    encodings: prompt.encodings ?? encodings,
    multimask: prompt.multimask,
    ids: prompt.prompts.map(({ id }) => id),
    refused: new Map(resolved.failed.map(({ id, error }) => [id, error])),
    polygonTolerancePx,
    addon,
  });
}

/** The frame stays the job's while it waits, so that it may be queued as often as it takes. */
async function untilTaken(
  scheduler: JobTools['scheduler'],
  request: SchedulerRequest,
): Promise<SchedulerAnswer> {
  for (;;) {
    try {
      return await scheduler.submit(request);
    } catch (thrown) {
      const letGo = thrown instanceof SamwireError && thrown.code === 'overloaded' && !scheduler.closed;
      if (!letGo) throw thrown;
      await setTimeout(AGAIN_MS);
    }
  }
}

/** A camera that shows this frame alone. */
function stillSource(frame: NativeFrameInfo, addon: Pick<NativeAddon, 'retainFrame'>): FrameSource {
  const { width, height, timestamp } = frame;
  return {
    name: 'job',
    weight: 1,
    streaming: true,
    state: { state: 'streaming', fps: 0, width, height, since: timestamp },
    acquire: () => (addon.retainFrame(frame.id) ? frame : null),
    nextFrame: () => Promise.resolve(false),
  };
}
