/** From a detector's boxes to masks on the frame that it saw. */
import type { Detection, Detections, RefusedDetection } from '../../detections/types.js';
import { type ErrorBody, SamwireError } from '../../errors.js';
import type { FrameChoice } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { MaskEncoding, TrackInfo } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import { invalidMessage } from '../../prompts/json.js';
import { type FrameSize, resolvePrompts } from '../../prompts/resolve.js';
import type { Box } from '../../prompts/types.js';
import type { Candidate, Segmenter } from '../../segment/segmenter.js';
import { type Answer, type MaskExtra, toAnswer } from '../answer.js';
import { newestFrame } from '../schedule/frame-choice.js';
import type { RequestPrompt, SchedulerAnswer } from '../schedule/request.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { evictedWithClocks } from './clocks.js';

/** A camera's `detections` block of the config. */
export interface DetectionRules {
  /** Detections of a lower score are left out; those without one are not. */
  readonly minScore: number;
  /** Labels that are segmented; empty: all. */
  readonly classes: readonly string[];
  /** Of one message, the best scores. */
  readonly max: number;
  /** Of the picture that the detector saw, where its payload does not say. */
  readonly frameSize?: FrameSize;
  /** How far a frame's capture time may be from the payload's. */
  readonly toleranceMs: number;
  /** `latest`: a time in the payload is not heeded. */
  readonly time: 'payload' | 'latest';
  /** Added to the payload's times. */
  readonly clockOffsetMs: number;
  /** The objects are followed over the next frames. */
  readonly track: boolean;
}

/** A detection whose mask is there. */
export interface DetectedObject {
  readonly id: string;
  /** The id by which the detector itself follows the object, where it gave one. */
  readonly detectorId?: string;
  readonly label?: string;
  readonly confidence?: number;
  readonly candidate: Candidate;
}

/** What a detector's message gave on its frame. */
export interface DetectedOnFrame {
  /** Held until the call is over. */
  readonly frame: NativeFrameInfo;
  readonly detections: readonly DetectedObject[];
  /** What is not among them was not seen: false for payloads about one object of many. */
  readonly complete: boolean;
}

/** What a detection's mask is called in the message. */
export interface NamedDetection {
  readonly id: string;
  readonly track?: TrackInfo;
}

/** Hears of every message's objects, also of none; `result[i]` names the mask of detection i, each id once. */
export type DetectionsListener = (camera: string, on: DetectedOnFrame) => readonly NamedDetection[];

export interface DetectionsJob {
  readonly camera: FrameSource;
  readonly message: Detections;
  readonly rules: DetectionRules;
  /** Messages of one stream: while the model is busy only the newest waits. */
  readonly stream: string;
  readonly receivedAtMs: number;
  readonly maxAgeMs: number;
  readonly client?: string;
}

export interface DetectionsDependencies {
  readonly addon: NativeAddon;
  readonly scheduler: Scheduler;
  readonly segmenter: Segmenter;
  /** Boxes that are decoded of one message, whatever the rules say. */
  readonly maxPrompts: number;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
  readonly listener?: DetectionsListener;
}

/** The detections of a message that are segmented, and how many are not. */
export interface ChosenDetections {
  /** The best scores first; one without a score counts as 1. */
  readonly chosen: readonly Detection[];
  /** The first of them: a broken detector must not make messages of thousands of errors. */
  readonly refused: readonly RefusedDetection[];
  readonly leftOut: { readonly belowScore: number; readonly otherClass: number; readonly overMax: number };
}

export interface DetectionsAnswer {
  readonly answer: Answer;
  /** The handle is the caller's to release. */
  readonly frame: NativeFrameInfo;
  readonly chosen: ChosenDetections;
}

const MAX_REFUSED_TOLD = 16;
const MAX_ID = 64;

export function chooseDetections(
  { detections, refused }: Pick<Detections, 'detections' | 'refused'>,
  { minScore, classes, max }: Pick<DetectionRules, 'minScore' | 'classes' | 'max'>,
): ChosenDetections {
  const wanted = new Set(classes);
  const ofClass = detections.filter(
    ({ label }) => wanted.size === 0 || (label !== undefined && wanted.has(label)),
  );
  const scored = ofClass.filter(({ confidence }) => confidence === undefined || confidence >= minScore);
  const sorted = scored.toSorted((a, b) => (b.confidence ?? 1) - (a.confidence ?? 1));
  return {
    chosen: sorted.slice(0, max),
    refused: refused.slice(0, MAX_REFUSED_TOLD),
    leftOut: {
      belowScore: ofClass.length - scored.length,
      otherClass: detections.length - ofClass.length,
      overMax: Math.max(0, sorted.length - max),
    },
  };
}

/**
 * All boxes of the message in one run, on the frame that the payload names, else on the newest at this moment. A box
 * that does not touch the frame is refused by itself.
 * @throws SamwireError `no_frame`, `frame_evicted`, or as {@link Scheduler.submit}.
 */
export async function answerDetections(
  job: DetectionsJob,
  dependencies: DetectionsDependencies,
): Promise<DetectionsAnswer> {
  const { camera, message, rules } = job;
  const { addon, scheduler, maxPrompts } = dependencies;
  const chosen = chooseDetections(message, { ...rules, max: Math.min(rules.max, maxPrompts) });
  const choice = frameChoice(job, addon);
  const failed = new Map<string, ErrorBody>(
    chosen.refused.map(({ id, fault }) => [id, invalidMessage([fault]).toBody()]),
  );
  const answer = await scheduler
    .submit({
      kind: 'detections',
      camera,
      frame: choice,
      prompts: (frame) => promptsOn(frame, { chosen: chosen.chosen, message, rules, failed }),
      promptCount: chosen.chosen.length,
      multimask: false,
      keepLogits: false,
      ...(job.client === undefined ? {} : { client: job.client }),
      ...supersedes(job),
      receivedAtMs: job.receivedAtMs,
      maxAgeMs: job.maxAgeMs,
      onAnswer: (frame) => addon.retainFrame(frame.id),
    })
    .catch((thrown: unknown) => {
      throw evictedWithClocks(thrown, {
        camera,
        choice,
        addon,
        offsetMs: rules.clockOffsetMs,
      });
    });
  try {
    return {
      answer: await toMasks(answer, { job, chosen, failed, dependencies }),
      frame: answer.frame,
      chosen,
    };
  } catch (thrown) {
    addon.releaseFrame(answer.frame.id);
    throw thrown;
  }
}

/**
 * Boxes belong to the picture that the detector saw: where the payload does not name it, the newest frame now is nearer
 * to it than the newest one when the model is free.
 */
function frameChoice(
  { camera, message: { frame, format }, rules }: DetectionsJob,
  addon: Pick<NativeAddon, 'releaseFrame'>,
): FrameChoice {
  const isAsked = format === 'samwire' || rules.time === 'payload';
  if (frame !== undefined && frame !== 'latest' && isAsked) {
    if ('seq' in frame) return frame;
    const { timestamp, toleranceMs = rules.toleranceMs } = frame;
    return { timestamp: timestamp + rules.clockOffsetMs, toleranceMs };
  }
  if (!camera.streaming)
    throw new SamwireError(
      'no_frame',
      `Camera ${camera.name} is ${camera.state.state} and gives no frame for detections.`,
    );
  const newest = newestFrame(camera);
  addon.releaseFrame(newest.id);
  return { seq: newest.seq };
}

/**
 * A detector that is faster than the model gets its newest message answered. Messages about single objects of a frame
 * make way for those of the same object only, and what somebody waits for makes way for none.
 */
function supersedes({ stream, message, client }: DetectionsJob): { readonly supersedes?: string } {
  const { requestId, oneObject, detections, source, format } = message;
  if (requestId !== undefined || client !== undefined) return {};
  const [object] = detections;
  if (oneObject && !object?.named) return {};
  return { supersedes: JSON.stringify([stream, format, source, oneObject ? object?.id : null]) };
}

interface Placing {
  readonly chosen: readonly Detection[];
  readonly message: Pick<Detections, 'normalized' | 'frameSize'>;
  readonly rules: Pick<DetectionRules, 'frameSize'>;
  /** Gets the error of what lies outside. */
  readonly failed: Map<string, ErrorBody>;
}

/** The boxes in the frame's pixels, clipped to it. */
export function promptsOn(
  frame: FrameSize,
  { chosen, message, rules, failed }: Placing,
): readonly RequestPrompt[] {
  const seen = message.normalized ? { width: 1, height: 1 } : (message.frameSize ?? rules.frameSize ?? frame);
  const scale = { x: frame.width / seen.width, y: frame.height / seen.height };
  const [prompts, outside] = [[] as RequestPrompt[], failed];
  for (const { id, label, box } of chosen) {
    const prompt = { id, ...(label === undefined ? {} : { label }), box: scaled(box, scale), points: [] };
    const resolved = resolvePrompts({ prompts: [prompt], normalized: false }, frame);
    prompts.push(...resolved.prompts);
    for (const { error } of resolved.failed) outside.set(id, error);
  }
  return prompts;
}

function scaled([x1, y1, x2, y2]: Box, { x, y }: { readonly x: number; readonly y: number }): Box {
  return [x1 * x, y1 * y, x2 * x, y2 * y];
}

interface Made {
  readonly job: DetectionsJob;
  readonly chosen: ChosenDetections;
  readonly failed: ReadonlyMap<string, ErrorBody>;
  readonly dependencies: DetectionsDependencies;
}

/** The masks message, best scores first, then what was refused. */
async function toMasks(
  answer: SchedulerAnswer,
  { job, chosen, failed, dependencies }: Made,
): Promise<Answer> {
  const { camera, message } = job;
  const { addon, segmenter, encodings, polygonTolerancePx } = dependencies;
  const names = namesOf(answer, { job, chosen, dependencies });
  const rename = renaming(names);
  const extra = new Map<string, MaskExtra>();
  for (const { id, confidence } of chosen.chosen) {
    const track = names.get(id)?.track;
    extra.set(rename(id), {
      ...(confidence === undefined ? {} : { confidence: Math.round(confidence * 10_000) / 10_000 }),
      ...(track === undefined ? {} : { track }),
    });
  }
  const prompts = answer.prompts.map((prompt) => ({ ...prompt, id: rename(prompt.id) }));
  const ids = [...chosen.chosen, ...chosen.refused].map(({ id }) => rename(id));
  return toAnswer(
    { ...answer, prompts },
    {
      ...(message.requestId === undefined ? {} : { requestId: message.requestId }),
      source: 'detections',
      camera: camera.name,
      model: segmenter.model,
      backend: segmenter.backend,
      encodings,
      multimask: false,
      ids,
      refused: new Map([...failed].map(([id, error]) => [rename(id), error])),
      extra,
      polygonTolerancePx,
      addon,
      depth: camera.depth,
    },
  );
}

/** What has no mask gives way where its id is another's name: a detector's id that its object's track has got from an older one. */
function renaming(names: ReadonlyMap<string, NamedDetection>): (id: string) => string {
  const taken = new Set([...names.values()].map(({ id }) => id));
  return (id) => names.get(id)?.id ?? (taken.has(id) ? `${id.slice(0, MAX_ID - 2)}:0` : id);
}

/** By the detection's id, what its mask is called: its own id, or as the listener says. */
function namesOf(
  answer: SchedulerAnswer,
  { job, chosen, dependencies }: Omit<Made, 'failed'>,
): ReadonlyMap<string, NamedDetection> {
  const { listener } = dependencies;
  if (!listener) return new Map();
  const byId = new Map(chosen.chosen.map((detection) => [detection.id, detection]));
  const objects = answer.prompts.flatMap(({ id }, i): DetectedObject[] => {
    const result = answer.results[i];
    const candidate = result && 'candidates' in result ? result.candidates[0] : undefined;
    const { named, label, confidence } = byId.get(id) ?? {};
    if (!candidate) return [];
    return [
      {
        id,
        candidate,
        ...(named ? { detectorId: id } : {}),
        ...(label === undefined ? {} : { label }),
        ...(confidence === undefined ? {} : { confidence }),
      },
    ];
  });
  const complete = !job.message.oneObject && chosen.leftOut.overMax === 0;
  const named = listener(job.camera.name, { frame: answer.frame, detections: objects, complete });
  return new Map(objects.flatMap(({ id }, i) => (named[i] ? [[id, named[i]]] : [])));
}
