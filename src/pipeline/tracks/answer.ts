/** The masks message of a camera's tracks. */
import { wallClockMs } from '../../clock.js';
import type { FrameDepth } from '../../frames/depth.js';
import { finishTiming } from '../../masks/timing.js';
import type { EndedTrack, LowResMask, MaskEncoding, MaskItem, MasksMessage } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import type { Candidate, Segmenter } from '../../segment/segmenter.js';
import { type Answer, toItem } from '../answer.js';
import type { SchedulerAnswer } from '../schedule/request.js';
import type { Found } from './camera-tracks.js';

export type TrackAnswerAddon = Pick<NativeAddon, 'rleToMask' | 'rleToPolygons' | 'rleCentroid' | 'maskToRle'>;

export interface TrackAnswerOptions {
  readonly camera: string;
  readonly segmenter: Pick<Segmenter, 'model' | 'backend'>;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
  readonly addon: TrackAnswerAddon;
  readonly ended: readonly EndedTrack[];
  /** Of the camera, where it has depth. */
  readonly depth?: FrameDepth | undefined;
}

/** All tracks on the frame that the scheduler answered for, and those that ended with it. */
export async function trackAnswer(
  found: readonly Found[],
  answer: SchedulerAnswer,
  options: TrackAnswerOptions,
): Promise<Answer> {
  const lowres = new Map<string, LowResMask>();
  const masks: MaskItem[] = [];
  const drawable: MaskItem[] = [];
  const itemOptions = { ...options, meter: options.depth?.meter(answer.frame) };
  for (const { record, object } of found) {
    if (record.ended) continue;
    const { id, terms } = record;
    const candidate = object.candidate ?? emptyCandidate(answer.frame, options.addon);
    const item: MaskItem = {
      ...(await toItem(id, terms.label, candidate, itemOptions)),
      ...(terms.confidence === undefined ? {} : { confidence: terms.confidence }),
      track: { state: object.info.state, ageMs: record.infoAt(answer.frame.timestamp).ageMs },
    };
    lowres.set(id, candidate.lowres);
    masks.push(item);
    drawable.push({ ...item, rle: candidate.rle });
  }
  const { frame, ageMs, queueMs, timing } = answer;
  const publishMs = Math.max(0, wallClockMs() - answer.answeredAtMs);
  const stages = { ageMs, queueMs, ...timing, publishMs, captureToPublishMs: 0 };
  const message = messageOf(masks, { frame, timing: finishTiming(stages, 0) }, options);
  return { message, lowres, drawable };
}

/** That tracks ended, when no model has looked at a frame since: it names the last frame that was looked at. */
export function endedAnswer(
  frame: MasksMessage['frame'],
  options: Pick<TrackAnswerOptions, 'camera' | 'segmenter' | 'ended'>,
): MasksMessage {
  const none = { queueMs: 0, prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, publishMs: 0 };
  const ageMs = Math.max(0, wallClockMs() - frame.timestamp);
  const timing = finishTiming({ ageMs, ...none, captureToPublishMs: 0, embeddingReused: false }, 0);
  return messageOf([], { frame, timing }, options);
}

function messageOf(
  masks: readonly MaskItem[],
  { frame, timing }: { readonly frame: FrameOfMessage; readonly timing: MasksMessage['timing'] },
  { camera, segmenter, ended }: Pick<TrackAnswerOptions, 'camera' | 'segmenter' | 'ended'>,
): MasksMessage {
  const { seq, timestamp, width, height } = frame;
  return {
    source: 'track',
    camera,
    frame: { seq, timestamp, width, height, skewMs: 0 },
    masks,
    ...(ended.length > 0 ? { ended } : {}),
    model: segmenter.model,
    backend: segmenter.backend,
    timing,
  };
}

type FrameOfMessage = Pick<NativeFrameInfo, 'seq' | 'timestamp' | 'width' | 'height'>;

/** The mask of an object that is not found on a frame of this size. */
function emptyCandidate({ width, height }: FrameOfMessage, addon: Pick<NativeAddon, 'maskToRle'>): Candidate {
  return {
    index: 0,
    score: 0,
    stability: 0,
    area: 0,
    box: null,
    rle: {
      size: [height, width],
      counts: addon.maskToRle(new Uint8Array(width * height), width, height).counts,
    },
    // One cell for the whole frame: a run of one pixel that is outside.
    lowres: { size: [1, 1], counts: '1', scale: [width, height] },
  };
}
