import type { Logger } from 'pino';
import type { ErrorCode } from '../errors.js';
import { SamwireError } from '../errors.js';
import type {
  CameraPipeline,
  NativeAddon,
  NativeCamera,
  NativeCameraEvent,
  NativeFrameInfo,
} from '../native/types.js';
import { createBackoff } from './backoff.js';
import { FrameRate } from './frame-rate.js';

export type CameraStateName = 'connecting' | 'streaming' | 'stalled' | 'failed' | 'disabled';

/** What is published on `<camera>/state`. */
export interface CameraState {
  readonly state: CameraStateName;
  /** Measured over the last two seconds; 0 until it is known. */
  readonly fps: number;
  readonly width: number;
  readonly height: number;
  /** When the state began, ms since the Unix epoch. */
  readonly since: number;
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

export interface CameraOptions {
  readonly name: string;
  /** A camera URI (docs/config.md). */
  readonly source: string;
  readonly enabled?: boolean;
  /** `FrameSource.weight`; 1 where nothing is said. */
  readonly weight?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly clockOffsetMs: number;
  /** How long frames are held for prompts that name one. */
  readonly historyMs: number;
}

/** A frame that has just come; `acquire` gives it, as long as it is held. */
export type ArrivedFrame = Pick<NativeFrameInfo, 'seq' | 'timestamp' | 'width' | 'height'>;

export type FrameChoice =
  | 'latest'
  | { readonly seq: number }
  | { readonly timestamp: number; readonly toleranceMs: number };

type AddonCameras = Pick<NativeAddon, 'cameraPipeline' | 'openCamera'>;

/** Bytes of frames that one camera may hold: 40 frames of 1080p NV12. */
const HISTORY_BYTES = 128 * 1024 * 1024;
/** No frame for this long, or for five frame intervals if that is longer: stalled. */
const STALL_MS = 2000;
/** Stalled, or connecting without a first frame, for this long: closed and opened again. */
const REOPEN_STALLED_MS = 3000;
const CONNECT_TIMEOUT_MS = 10_000;
const TICK_MS = 250;
/** A change of the measured rate by less than this share is not worth a message. */
const FPS_CHANGE = 0.2;
const FPS_CHECK_MS = 5000;

/** Durations are measured on the monotonic clock, so that a jump of the wall clock stalls no camera. */
const monotonicMs = (): number => performance.now();

/**
 * One supervised camera: opens its source, watches that frames come, and reopens it with growing pauses for as long
 * as the service runs. It fails alone: nothing here touches another camera.
 */
export class Camera {
  readonly name: string;
  readonly weight: number;
  readonly #addon: AddonCameras;
  readonly #options: CameraOptions;
  readonly #log: Logger;
  readonly #stateListeners = new Set<(state: CameraState) => void>();
  readonly #frameListeners = new Set<(frame: ArrivedFrame) => void>();
  readonly #waiting = new Set<(arrived: boolean) => void>();
  readonly #backoff = createBackoff({ firstMs: 500, maxMs: 4000 });
  readonly #rate = new FrameRate(2000);
  #native: NativeCamera | undefined;
  #pipeline: CameraPipeline | undefined;
  #state: CameraState = { state: 'connecting', fps: 0, width: 0, height: 0, since: Date.now() };
  #lastSeq = 0;
  #frames = 0;
  #reopens = 0;
  #enteredAt = 0;
  #lastFrameAt = 0;
  #openedAt = 0;
  #reopenAt: number | undefined;
  #publishedFpsAt = 0;
  #loggedReason = '';
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #restarting: Promise<void> | undefined;

  constructor(addon: AddonCameras, options: CameraOptions, log: Logger) {
    this.name = options.name;
    this.weight = options.weight ?? 1;
    this.#addon = addon;
    this.#options = options;
    this.#log = log.child({ camera: options.name });
  }

  /** Opens the source. Never throws: what is wrong becomes the camera's state. */
  start(): void {
    if (this.#timer) return;
    if (this.#options.enabled === false) {
      this.#enter('disabled');
      return;
    }
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#open();
  }

  get state(): CameraState {
    return this.#state;
  }

  get streaming(): boolean {
    return this.#state.state === 'streaming';
  }

  stats(): { frames: number; reopens: number; fps: number; held: number; heldBytes: number } {
    const native = this.#native?.stats();
    return {
      frames: this.#frames,
      reopens: this.#reopens,
      fps: this.#rate.perSecond(monotonicMs()),
      held: native?.held ?? 0,
      heldBytes: native?.heldBytes ?? 0,
    };
  }

  onState(listener: (state: CameraState) => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  onFrame(listener: (frame: ArrivedFrame) => void): () => void {
    this.#frameListeners.add(listener);
    return () => this.#frameListeners.delete(listener);
  }

  /** A handle on a held frame, or null. The caller owes the addon one `releaseFrame`. */
  acquire(choice: FrameChoice): NativeFrameInfo | null {
    return this.#native?.acquire(choice) ?? null;
  }

  /** Resolves with the next frame's arrival, or false after `timeoutMs` or when the camera is closed. */
  nextFrame(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (arrived: boolean) => {
        clearTimeout(timer);
        stop();
        this.#waiting.delete(settle);
        resolve(arrived);
      };
      this.#waiting.add(settle);
      const stop = this.onFrame(() => settle(true));
      const timer = setTimeout(() => settle(false), Math.max(0, timeoutMs));
    });
  }

  /** Closes the source and opens it again at once, whatever its state. Calls during that share it. */
  async restart(): Promise<void> {
    if (!this.#timer)
      throw new SamwireError(
        'invalid_message',
        `Camera ${this.name} is ${this.#state.state}; it cannot be restarted.`,
      );
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    await this.#restarting;
  }

  async close(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = undefined;
    for (const settle of this.#waiting) settle(false);
    this.#stateListeners.clear();
    this.#frameListeners.clear();
    await this.#release();
  }

  async #restart(): Promise<void> {
    this.#backoff.reset();
    this.#reopenAt = undefined;
    await this.#release();
    if (this.#timer) this.#open();
  }

  #open(): void {
    this.#openedAt = monotonicMs();
    this.#rate.reset();
    this.#enter('connecting', this.#state.error);
    try {
      const { source, width, height, fps } = this.#options;
      this.#pipeline = this.#addon.cameraPipeline({
        source,
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(fps === undefined ? {} : { fps }),
      });
      const native: NativeCamera = this.#addon.openCamera(
        {
          pipeline: this.#pipeline.pipeline,
          sync: this.#pipeline.sync,
          loop: this.#pipeline.loop,
          historyMs: this.#options.historyMs,
          historyBytes: HISTORY_BYTES,
          clockOffsetMs: this.#options.clockOffsetMs,
          lastSeq: this.#lastSeq,
        },
        (event) => {
          if (this.#native === native) this.#onEvent(event);
        },
      );
      this.#native = native;
    } catch (thrown) {
      this.#fail(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #onEvent(event: NativeCameraEvent): void {
    switch (event.type) {
      case 'frame':
        this.#onFrame(event);
        return;
      case 'playing':
        return;
      case 'end':
        this.#onEnd();
        return;
      case 'error':
        this.#fail(event.message);
        return;
    }
  }

  #onFrame(frame: ArrivedFrame): void {
    const now = monotonicMs();
    this.#lastSeq = frame.seq;
    this.#lastFrameAt = now;
    this.#frames += 1;
    this.#rate.add(now);
    this.#reopenAt = undefined;
    const sizeChanged = frame.width !== this.#state.width || frame.height !== this.#state.height;
    if (sizeChanged || this.#state.state !== 'streaming') {
      if (sizeChanged && this.#state.width > 0)
        this.#log.info({ width: frame.width, height: frame.height }, 'frame size changed');
      if (this.#loggedReason !== '') this.#log.info('camera streams again');
      this.#loggedReason = '';
      this.#backoff.reset();
      this.#publishedFpsAt = now;
      this.#enter('streaming', undefined, frame);
    }
    for (const listener of this.#frameListeners) listener(frame);
  }

  /** A file that is not looped has ended for good; any other stream should not end, and is opened again. */
  #onEnd(): void {
    if (this.#pipeline?.sync && !this.#pipeline.loop) {
      this.#reopenAt = Number.POSITIVE_INFINITY;
      this.#enter('stalled', {
        code: 'no_frame',
        message: `The file of camera ${this.name} has ended. Add ?loop=1 to its source to play it again and again.`,
      });
      return;
    }
    this.#fail(`The stream of camera ${this.name} ended.`);
  }

  #fail(message: string): void {
    const waitMs = this.#backoff.next();
    this.#reopenAt = monotonicMs() + waitMs;
    // A camera that is away for a day says so once, not every four seconds.
    const level = message === this.#loggedReason ? 'debug' : 'warn';
    this.#loggedReason = message;
    this.#log[level](
      { reason: message, retryInMs: Math.round(waitMs) },
      'camera failed; trying again for ever',
    );
    this.#enter('failed', { code: 'no_frame', message });
    void this.#release();
  }

  #tick(): void {
    if (this.#restarting) return;
    const now = monotonicMs();
    if (this.#reopenAt !== undefined) {
      if (now >= this.#reopenAt && !this.#closing) {
        this.#reopenAt = undefined;
        this.#reopens += 1;
        this.#open();
      }
      return;
    }
    if (this.#state.state === 'connecting' && now - this.#openedAt > CONNECT_TIMEOUT_MS)
      this.#fail(
        `No frame came from camera ${this.name} within ${CONNECT_TIMEOUT_MS / 1000} s of opening it.`,
      );
    if (this.#state.state === 'streaming') this.#watch(now);
    if (this.#state.state === 'stalled' && now - this.#enteredAt > REOPEN_STALLED_MS)
      this.#fail(
        `No frame came from camera ${this.name} for ${Math.round((now - this.#lastFrameAt) / 1000)} s.`,
      );
  }

  #watch(now: number): void {
    const fps = this.#rate.perSecond(now);
    const stallMs = Math.max(STALL_MS, this.#state.fps > 0 ? 5000 / this.#state.fps : 0);
    if (now - this.#lastFrameAt > stallMs) {
      this.#enter('stalled', {
        code: 'no_frame',
        message: `No frame for ${Math.round(stallMs / 100) / 10} s.`,
      });
      return;
    }
    const firstFps = this.#state.fps === 0 && this.#rate.settled(now);
    const drifted =
      now - this.#publishedFpsAt > FPS_CHECK_MS &&
      Math.abs(fps - this.#state.fps) > FPS_CHANGE * this.#state.fps;
    if (firstFps || drifted) {
      this.#publishedFpsAt = now;
      this.#publish({ ...this.#state, fps });
    }
  }

  #enter(
    state: CameraStateName,
    error?: CameraState['error'],
    size: { width: number; height: number } = this.#state,
  ): void {
    if (state !== this.#state.state) this.#enteredAt = monotonicMs();
    this.#publish({
      state,
      fps: state === 'streaming' ? this.#state.fps : 0,
      width: size.width,
      height: size.height,
      since: state === this.#state.state ? this.#state.since : Date.now(),
      ...(error && state !== 'streaming' ? { error } : {}),
    });
  }

  #publish(state: CameraState): void {
    this.#state = state;
    for (const listener of this.#stateListeners) listener(state);
  }

  async #release(): Promise<void> {
    const native = this.#native;
    this.#native = undefined;
    if (!native) {
      await this.#closing;
      return;
    }
    this.#closing = native.close().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'closing the camera failed');
    });
    await this.#closing;
    this.#closing = undefined;
  }
}
