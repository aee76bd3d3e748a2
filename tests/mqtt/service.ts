import type { Detections } from '../../src/detections/types.js';
import { SamwireError } from '../../src/errors.js';
import type { MasksMessage } from '../../src/masks/types.js';
import type {
  DetectionsContext,
  EverythingContext,
  EverythingReply,
  PromptContext,
  SegmentService,
  Snapshot,
  SnapshotOptions,
} from '../../src/mqtt/service.js';
import type { EverythingMessage } from '../../src/prompts/everything.js';
import type { JobMessage } from '../../src/prompts/job.js';
import type { PromptMessage } from '../../src/prompts/message.js';
import type { TrackListing, TracksMessage } from '../../src/prompts/tracks.js';

export interface PromptCall {
  readonly camera: string;
  readonly message: PromptMessage;
  readonly context: PromptContext;
}

export interface JobCall {
  readonly message: JobMessage;
  readonly context: PromptContext;
}

export interface DetectionsCall {
  readonly camera: string;
  readonly message: Detections;
  readonly context: DetectionsContext;
}

export interface EverythingCall {
  readonly message: EverythingMessage;
  readonly context: EverythingContext;
}

/** A masks message as the pipeline makes it; `counts` can be made as long as a test needs it. */
export function masksMessage(camera: string, message: PromptMessage, counts = '0abc'): MasksMessage {
  return {
    ...(message.requestId === undefined ? {} : { requestId: message.requestId }),
    source: 'prompt',
    camera,
    frame: { seq: 7, timestamp: 1767139200000, width: 64, height: 48, skewMs: 0 },
    masks: message.prompts.map(({ id }) => ({
      id,
      score: 0.9,
      stability: 0.95,
      area: 12,
      box: [1, 2, 3, 4],
      centroid: [2, 3],
      rle: { size: [48, 64], counts },
    })),
    model: 'test-model',
    backend: 'onnx',
    timing: {
      ageMs: 1,
      queueMs: 2,
      prepareMs: 3,
      encodeMs: 4,
      decodeMs: 5,
      maskMs: 6,
      publishMs: 0,
      captureToPublishMs: 0,
      embeddingReused: false,
    },
  };
}

/** The edge of the link to the broker: answers at once, counts what it was asked. */
export class TestService implements SegmentService {
  readonly calls: PromptCall[] = [];
  readonly jobs: JobCall[] = [];
  readonly detectionsCalls: DetectionsCall[] = [];
  readonly everythingCalls: EverythingCall[] = [];
  readonly tracksCalls: TracksMessage[] = [];
  readonly restarted: string[] = [];
  snapshotOptions: SnapshotOptions | null = null;
  jpegBytes = 300;
  counts = '0abc';
  /** Tests put their own answer here. */
  onPrompt: (call: PromptCall) => Promise<MasksMessage> = async ({ camera, message }) =>
    masksMessage(camera, message, this.counts);
  onJob: (call: JobCall) => Promise<MasksMessage> = async ({ message: { prompt } }) => ({
    ...masksMessage('', prompt, this.counts),
    source: 'job',
    camera: null,
  });
  degrade?: NonNullable<SegmentService['degrade']>;

  cameras(): readonly string[] {
    return ['front', 'gate'];
  }

  prompt(camera: string, message: PromptMessage, context: PromptContext): Promise<MasksMessage> {
    const call = { camera, message, context };
    this.calls.push(call);
    return this.onPrompt(call);
  }

  job(message: JobMessage, context: PromptContext): Promise<MasksMessage> {
    const call = { message, context };
    this.jobs.push(call);
    return this.onJob(call);
  }

  async detections(
    camera: string,
    message: Detections,
    context: DetectionsContext,
  ): Promise<MasksMessage | null> {
    this.detectionsCalls.push({ camera, message, context });
    const { frame: _, ...rest } = message;
    const prompts = message.detections.map(({ id }) => ({ id, points: [] }));
    const asked = {
      ...rest,
      frame: 'latest',
      prompts,
      normalized: false,
      multimask: false,
      track: false,
    } as const;
    return { ...masksMessage(camera, asked, this.counts), source: 'detections' };
  }

  /** Two masks, with the ids of the generator. */
  async everything(message: EverythingMessage, context: EverythingContext): Promise<EverythingReply> {
    this.everythingCalls.push({ message, context });
    const prompts = ['0', '1'].map((id) => ({ id, points: [] }));
    const { frame, normalized } = message;
    const asked = { frame, normalized, prompts, multimask: false, track: false };
    const masks = { ...masksMessage(message.camera, asked, this.counts), source: 'everything' } as const;
    const png = Buffer.alloc(Math.min(600, context.maxEdgesBytes), 3);
    return { masks, ...(message.edges ? { edges: { size: [48, 64], png } } : {}) };
  }

  info(): Record<string, unknown> {
    return { version: '0.1.0', cameras: this.cameras() };
  }

  async snapshot(_camera: string, options: SnapshotOptions): Promise<Snapshot> {
    this.snapshotOptions = options;
    const { overlay, seq = 9 } = options;
    const jpeg = Buffer.alloc(this.jpegBytes, 7);
    return { width: 64, height: 48, seq, timestamp: 1767139200001, drawn: overlay ? 2 : null, jpeg };
  }

  tracks(message: TracksMessage): readonly TrackListing[] {
    this.tracksCalls.push(message);
    const [since, lastSeen] = [1767139200000, 1767139200033];
    return [
      { id: 'cup', source: 'prompt', state: 'tracked', box: [1, 2, 3, 4], since, lastSeen, ttlLeftMs: 90 },
    ];
  }

  async restartCamera(camera: string): Promise<void> {
    if (camera === 'gate') throw new SamwireError('no_frame', 'The camera is disabled.');
    this.restarted.push(camera);
  }

  stats(): Record<string, unknown> {
    return { frames: 3 };
  }
}
