import type { Logger } from 'pino';
import { wallClockMs } from '../../clock.js';
import { type ErrorCode, toSamwireError } from '../../errors.js';
import type { Camera } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { EndedTrack, MasksMessage } from '../../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../../native/types.js';
import type { SegmentPrompt } from '../../segment/segmenter.js';
import type { Answer } from '../answer.js';
import type { SchedulerAnswer } from '../schedule/request.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { endedAnswer, type TrackAnswerOptions, trackAnswer } from './answer.js';
import type { CameraTracks, Found } from './camera-tracks.js';
import type { TrackCounters } from './counters.js';

export type TrackedCamera = FrameSource & Pick<Camera, 'onFrame'>;

/** A message, and the frame that it is about where the publisher may still look at its pixels. */
export type Deliver = (camera: string, answer: Answer, frame: NativeFrameInfo | null) => Promise<unknown>;

export interface TrackLoopOptions
  extends Omit<TrackAnswerOptions, 'camera' | 'segmenter' | 'ended' | 'depth'> {
  readonly camera: TrackedCamera;
  readonly tracks: CameraTracks;
  /** Null until the model is loaded. */
  readonly scheduler: () => Pick<Scheduler, 'submit'> | null;
  readonly segmenter: () => TrackAnswerOptions['segmenter'] | null;
  readonly addon: TrackAnswerOptions['addon'] & Pick<NativeAddon, 'retainFrame' | 'releaseFrame'>;
  readonly counters: TrackCounters;
  readonly deliver: Deliver;
  /** A frame for which the model was not free for so long is of no use. */
  readonly maxAgeMs: number;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** What a request hears that the scheduler has no time or frame for. */
const NO_TIME: readonly ErrorCode[] = ['overloaded', 'expired', 'no_frame'];

/**
 * Follows a camera's tracks: the newest frame, then the newest frame at that time, never two at once, so that nothing
 * queues up however slow the model is.
 */
export class TrackLoop {
  readonly #options: TrackLoopOptions;
  #unsubscribe: (() => void) | null = null;
  #running: Promise<void> | null = null;
  /** Frames that came since the run began. */
  #newer = 0;
  /** Messages leave in the order of their frames, each when the one before has left. */
  #published: Promise<void> = Promise.resolve();
  /** What a message is about that tells of ends only. */
  #lastFrame: MasksMessage['frame'] | null = null;
  #frameAtMs: number;
  #closed = false;
  #loggedCode: ErrorCode | null = null;

  constructor(options: TrackLoopOptions) {
    this.#options = options;
    this.#frameAtMs = options.now();
  }

  /** How long the camera has given no frame. */
  get silentMs(): number {
    return this.#options.now() - this.#frameAtMs;
  }

  start(): void {
    if (this.#unsubscribe || this.#closed) return;
    this.#unsubscribe = this.#options.camera.onFrame(() => this.#onFrame());
  }

  /** A track is known on this frame. */
  notice({ seq, timestamp, width, height }: NativeFrameInfo): void {
    if (timestamp < (this.#lastFrame?.timestamp ?? 0)) return;
    this.#lastFrame = { seq, timestamp, width, height, skewMs: 0 };
  }

  /** Tells that these tracks have ended. */
  announce(ended: readonly EndedTrack[]): void {
    const segmenter = this.#options.segmenter();
    if (ended.length === 0 || !segmenter || !this.#lastFrame) return;
    const message = endedAnswer(this.#lastFrame, { camera: this.#options.camera.name, segmenter, ended });
    void this.#publish(async () => ({ message, lowres: new Map(), drawable: [] }), null);
  }

  /** Resolves when no run is in work and all messages have left. The scheduler has to be closed for that. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    await this.#running;
    await this.#published;
    this.#options.tracks.close();
  }

  #onFrame(): void {
    this.#frameAtMs = this.#options.now();
    if (this.#closed || this.#options.tracks.size === 0) return;
    if (this.#running) this.#newer += 1;
    else this.#begin();
  }

  #begin(): void {
    this.#newer = 0;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      const { tracks, camera, counters } = this.#options;
      if (this.#newer === 0) return;
      const goesOn = !this.#closed && tracks.size > 0 && camera.streaming;
      counters.skipped(this.#newer - (goesOn ? 1 : 0));
      if (goesOn) this.#begin();
    });
  }

  async #run(): Promise<void> {
    const { camera, tracks, scheduler, addon, maxAgeMs, counters } = this.#options;
    const running = scheduler();
    if (!running) return;
    let prompts: readonly SegmentPrompt[] = [];
    try {
      const answer = await running.submit({
        kind: 'track',
        camera,
        frame: 'latest',
        prompts: (frame) => {
          prompts = tracks.prompts(frame);
          return prompts;
        },
        promptCount: tracks.mostPrompts,
        multimask: false,
        receivedAtMs: wallClockMs(),
        maxAgeMs,
        onAnswer: (frame) => addon.retainFrame(frame.id),
      });
      await this.#answered(answer, prompts);
    } catch (thrown) {
      this.#failed(thrown);
      counters.failed();
    } finally {
      tracks.giveUp();
    }
  }

  /** Takes over the handle that `onAnswer` made. Waits for the message before this one only. */
  async #answered(answer: SchedulerAnswer, prompts: readonly SegmentPrompt[]): Promise<void> {
    const { tracks, addon } = this.#options;
    let update: ReturnType<CameraTracks['update']>;
    try {
      update = tracks.update(answer.frame, prompts, answer.results);
    } catch (thrown) {
      addon.releaseFrame(answer.frame.id);
      throw thrown;
    }
    this.notice(answer.frame);
    const before = this.#published;
    void this.#publish(() => this.#message(answer, update), answer.frame);
    await before;
  }

  async #message(
    answer: SchedulerAnswer,
    { found, ended }: { readonly found: readonly Found[]; readonly ended: readonly EndedTrack[] },
  ): Promise<Answer | null> {
    const { camera, counters, segmenter } = this.#options;
    const model = segmenter();
    if (!model || found.length + ended.length === 0) return null;
    const made = await trackAnswer(found, answer, {
      ...this.#options,
      camera: camera.name,
      depth: camera.depth,
      segmenter: model,
      ended,
    });
    counters.ran(made.message.timing.captureToPublishMs);
    return made;
  }

  /** Never rejects. A frame is let go of when its message has left. */
  #publish(make: () => Promise<Answer | null>, frame: NativeFrameInfo | null): Promise<void> {
    const { camera, deliver, addon } = this.#options;
    const before = this.#published;
    this.#published = (async () => {
      try {
        await before;
        const answer = await make();
        if (answer) await deliver(camera.name, answer, frame);
        this.#loggedCode = null;
      } catch (thrown) {
        this.#failed(thrown);
      } finally {
        if (frame) addon.releaseFrame(frame.id);
      }
    })();
    return this.#published;
  }

  /** What fails for each frame says so once; that the model has no time for a frame is counted only. */
  #failed(thrown: unknown): void {
    if (this.#closed) return;
    const { code, message } = toSamwireError(thrown);
    const isExpected = NO_TIME.includes(code) || code === this.#loggedCode;
    const level = isExpected ? 'debug' : 'warn';
    if (!NO_TIME.includes(code)) this.#loggedCode = code;
    this.#options.log[level]({ code, problem: message }, 'tracks could not be followed on a frame');
  }
}
