import { wallClockMs } from '../clock.js';
import type { ErrorBody } from '../errors.js';
import type { DepthMeter, FrameDepth } from '../frames/depth.js';
import { finishTiming } from '../masks/timing.js';
import type {
  FailedMaskItem,
  LowResMask,
  MaskEncoding,
  MaskItem,
  MaskSource,
  MasksMessage,
  Polygon,
} from '../masks/types.js';
import type { NativeAddon } from '../native/types.js';
import { croppedPng } from '../outputs/png.js';
import type { Candidate, PromptResult } from '../segment/segmenter.js';
import type { SchedulerAnswer } from './schedule/request.js';

/** A masks message, and beside it what a smaller one is made of. */
export interface Answer {
  readonly message: MasksMessage;
  /** By mask id: the decoder's own grid, for a message that would not fit the broker's packet size. */
  readonly lowres: ReadonlyMap<string, LowResMask>;
  /** The masks with their RLE whatever the encodings, for pictures. */
  readonly drawable: readonly MaskItem[];
}

/** What a mask has beside what the model says of it. */
export type MaskExtra = Pick<MaskItem, 'confidence' | 'track'>;

export interface AnswerOptions {
  readonly requestId?: string;
  readonly source: MaskSource;
  readonly camera: string | null;
  readonly model: string;
  readonly backend: MasksMessage['backend'];
  readonly encodings: readonly MaskEncoding[];
  readonly multimask: boolean;
  /** The ids of the request's prompts, in its order. */
  readonly ids: readonly string[];
  /** Prompts that were refused before they reached the model, by id. */
  readonly refused: ReadonlyMap<string, ErrorBody>;
  /** By mask id, what is said of it besides. */
  readonly extra?: ReadonlyMap<string, MaskExtra>;
  readonly polygonTolerancePx: number;
  readonly addon: Pick<NativeAddon, 'rleToMask' | 'rleToPolygons' | 'rleCentroid'>;
  /** Of the camera, where it has depth. */
  readonly depth?: FrameDepth | undefined;
  readonly now?: () => number;
}

/**
 * The masks message of a scheduler's answer, in the order of the request's prompts. `publishMs` holds what has passed
 * since the segmenter answered; whoever publishes adds its own share ({@link finishTiming}).
 */
export async function toAnswer(answer: SchedulerAnswer, options: AnswerOptions): Promise<Answer> {
  const byId = new Map(answer.prompts.map((prompt, i) => [prompt.id, { prompt, result: answer.results[i] }]));
  const masks: (MaskItem | FailedMaskItem)[] = [];
  const lowres = new Map<string, LowResMask>();
  const drawable: MaskItem[] = [];
  const itemOptions = { ...options, meter: options.depth?.meter(answer.frame) };
  for (const id of options.ids) {
    const refusal = options.refused.get(id);
    const served = byId.get(id);
    if (refusal || !served?.result) {
      if (refusal) masks.push({ id, error: refusal });
      continue;
    }
    if ('error' in served.result) {
      masks.push({ id, error: served.result.error });
      continue;
    }
    for (const [maskId, candidate] of candidatesById(id, served.result, options.multimask)) {
      lowres.set(maskId, candidate.lowres);
      const item = {
        ...(await toItem(maskId, served.prompt.label, candidate, itemOptions)),
        ...options.extra?.get(maskId),
      };
      masks.push(item);
      drawable.push({ ...item, rle: candidate.rle });
    }
  }
  const { frame, skewMs, ageMs, queueMs, timing } = answer;
  const publishMs = Math.max(0, (options.now ?? wallClockMs)() - answer.answeredAtMs);
  const message: MasksMessage = {
    ...(options.requestId === undefined ? {} : { requestId: options.requestId }),
    source: options.source,
    camera: options.camera,
    frame: { seq: frame.seq, timestamp: frame.timestamp, width: frame.width, height: frame.height, skewMs },
    masks,
    model: options.model,
    backend: options.backend,
    timing: finishTiming({ ageMs, queueMs, ...timing, publishMs, captureToPublishMs: 0 }, 0),
  };
  return { message, lowres, drawable };
}

/** The candidates of a prompt's answer by the ids of their masks. */
export function candidatesById(
  id: string,
  result: Extract<PromptResult, { candidates: unknown }>,
  multimask: boolean,
): [string, Candidate][] {
  return result.candidates.map((candidate, i) => [multimask ? `${id}#${i}` : id, candidate]);
}

export interface ItemOptions extends Pick<AnswerOptions, 'encodings' | 'addon' | 'polygonTolerancePx'> {
  /** Of the frame's depth, where its camera has some. */
  readonly meter?: DepthMeter | undefined;
}

/** A mask as the message carries it, in the encodings that are asked for. */
export async function toItem(
  id: string,
  label: string | undefined,
  candidate: Candidate,
  { encodings, addon, polygonTolerancePx, meter }: ItemOptions,
): Promise<MaskItem> {
  const { score, stability, area, box, rle } = candidate;
  const [height, width] = rle.size;
  const extra: { polygons?: readonly Polygon[]; png?: string } = {};
  if (encodings.includes('polygons'))
    extra.polygons = addon.rleToPolygons(rle.counts, width, height, polygonTolerancePx);
  if (encodings.includes('png') && box)
    extra.png = await croppedPng({ mask: addon.rleToMask(rle.counts, width, height), width, height, box });
  const depth = meter?.(rle);
  return {
    id,
    ...(label === undefined ? {} : { label }),
    score: round(score),
    stability: round(stability),
    area,
    box,
    centroid: centroidOf(candidate, addon),
    ...(depth === undefined ? {} : { depth }),
    ...(encodings.includes('rle') ? { rle } : {}),
    ...extra,
    ...(encodings.includes('lowres') ? { lowres: candidate.lowres } : {}),
  };
}

/** To a hundredth of a pixel. */
function centroidOf({ box, rle }: Candidate, addon: Pick<NativeAddon, 'rleCentroid'>): MaskItem['centroid'] {
  const [height, width] = rle.size;
  const centroid = box && addon.rleCentroid(rle.counts, width, height);
  return centroid && [hundredths(centroid[0]), hundredths(centroid[1])];
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Four decimals: what a float32 score is worth. */
function round(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 10_000) / 10_000 : 0;
}
