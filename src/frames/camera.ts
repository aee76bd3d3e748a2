import type { Logger } from 'pino';
import { SamwireError } from '../errors.js';
import type {
  CameraPipeline,
  NativeAddon,
  NativeCamera,
  NativeCameraEvent,
  NativeFrameInfo,
} from '../native/types.js';
import type { CameraDepth, DepthCounts } from './depth.js';
import { type HeldFrame, HeldFrames } from './held-frames.js';
import { type CameraState, Supervision, type SupervisionStats } from './supervision.js';

export interface CameraOptions {
  readonly name: string;
  /** A camera URI (docs/config.md). */
  readonly source: string;
  /** 16-bit depth in the place of pictures. */
  readonly kind?: 'depth';
  readonly enabled?: boolean;
  /** `FrameSource.weight`; 1 where nothing is said. */
  readonly weight?: number;
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly clockOffsetMs: number;
  /** How long frames are held for prompts that name one. */
  readonly historyMs: number;
  /** Starts, restarts and ends with the camera; each frame that somebody acquires is linked to its depth. */
  readonly depth?: CameraDepth;
}

/** A frame that has just come; `acquire` gives it, as long as it is held. */
export type ArrivedFrame = Pick<NativeFrameInfo, 'seq' | 'timestamp' | 'width' | 'height'>;

export type FrameChoice =
  | 'latest'
  | { readonly seq: number }
  | { readonly timestamp: number; readonly toleranceMs: number };

export interface CameraStats extends SupervisionStats {
  readonly held: number;
  readonly heldBytes: number;
  /** Frames that came and were not told, because the main thread was busy; they are in the history. */
  readonly untold: number;
  /** Where the camera has depth. */
  readonly depth?: DepthCounts;
}

type AddonCameras = Pick<NativeAddon, 'cameraPipeline' | 'openCamera' | 'retainFrame' | 'releaseFrame'>;

/** Bytes of frames that one camera may hold: 40 frames of 1080p NV12. */
const HISTORY_BYTES = 128 * 1024 * 1024;
const TICK_MS = 250;
/** Openings of one camera that may hang while they stop (a wedged driver), each with a thread, before no more are tried. */
const MAX_HUNG = 3;

/**
 * One supervised camera: opens its source, watches that frames come, and reopens it with growing pauses for as long
 * as the service runs. It fails alone: nothing here touches another camera. When it does what is `Supervision`'s to say.
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
  readonly #supervision: Supervision;
  readonly #hung = new Set<NativeCamera>();
  readonly #held: HeldFrames;
  #native: NativeCamera | undefined;
  #pipeline: CameraPipeline | undefined;
  #lastSeq = 0;
  /** A frame came, or, while it does not stream, the supervision took a step. Monotonic. */
  #advancedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #restarting: Promise<void> | undefined;

  constructor(addon: AddonCameras, options: CameraOptions, log: Logger) {
    this.name = options.name;
    this.weight = options.weight ?? 1;
    this.#addon = addon;
    this.#options = options;
    this.#log = log.child({ camera: options.name });
    this.#held = new HeldFrames(addon);
    this.#supervision = new Supervision({
      name: options.name,
      log: this.#log,
      onState: (state) => {
        for (const listener of this.#stateListeners) listener(state);
      },
      ...(options.fps === undefined ? {} : { fps: options.fps }),
    });
  }

  /** Opens the source. Never throws: what is wrong becomes the camera's state. */
  start(): void {
    if (this.#timer) return;
    if (this.#options.enabled === false) {
      this.#supervision.disabled();
      return;
    }
    this.depth?.start();
    this.#advancedAt = performance.now();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#open();
  }

  get state(): CameraState {
    return this.#supervision.state;
  }

  get depth(): CameraDepth | undefined {
    return this.#options.depth;
  }

  get streaming(): boolean {
    return this.state.state === 'streaming';
  }

  /** How long nothing has advanced: no frame while it streams, no step of its supervision while it does not. 0 where it is not open. */
  get quietMs(): number {
    return this.#timer ? performance.now() - this.#advancedAt : 0;
  }

  stats(): CameraStats {
    const native = this.#native?.stats();
    const told = this.#supervision.stats();
    return {
      ...told,
      untold: Math.max(0, this.#lastSeq - told.frames),
      held: native?.held ?? 0,
      heldBytes: native?.heldBytes ?? 0,
      ...(this.depth ? { depth: this.depth.stats() } : {}),
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
    const inHistory = this.#native?.acquire(choice) ?? null;
    if (inHistory) this.depth?.link(inHistory);
    if (inHistory || typeof choice === 'string' || !('seq' in choice)) return inHistory;
    return this.#held.acquire(choice.seq);
  }

  /**
   * Keeps a frame beyond the history, over reconnections too, so that `acquire` finds it by its seq: until it is released
   * or the camera is closed. Null where the frame is not held any more. Whoever calls it bounds how many are held.
   */
  hold(seq: number): HeldFrame | null {
    const frame = this.acquire({ seq });
    return frame && this.#held.hold(frame);
  }

  /** Of a camera of depth: `NativeCamera.link`. */
  link(frameId: number, toleranceMs: number): void {
    this.#native?.link(frameId, toleranceMs);
  }

  /** Resolves with the next frame's arrival, or false after `timeoutMs`, when `signal` is aborted, or when the camera is closed. */
  nextFrame(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (arrived: boolean) => {
        clearTimeout(timer);
        stop();
        signal?.removeEventListener('abort', stopped);
        this.#waiting.delete(settle);
        resolve(arrived);
      };
      const stopped = () => settle(false);
      signal?.addEventListener('abort', stopped);
      this.#waiting.add(settle);
      const stop = this.onFrame(() => settle(true));
      const timer = setTimeout(() => settle(false), Math.max(0, timeoutMs));
    });
  }

  /**
   * Closes the source and opens it again at once, whatever its state. Calls during that share it.
   * @throws SamwireError `invalid_message` for a camera that is disabled, or was closed.
   */
  async restart(): Promise<void> {
    if (!this.#timer)
      throw new SamwireError(
        'invalid_message',
        this.#options.enabled === false
          ? `Expected a camera that is enabled, got ${this.name}, which the config disables. Set cameras.${this.name}.enabled and start the service again.`
          : `Camera ${this.name} is not open; it cannot be restarted.`,
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
    this.#held.clear();
    await Promise.all([this.#release(), this.depth?.close()]);
  }

  async #restart(): Promise<void> {
    this.#supervision.restarting();
    await Promise.all([this.#release(), this.depth?.restart()]);
    if (this.#timer) this.#open();
  }

  #open(): void {
    this.#supervision.opening();
    if (this.#hangs()) return;
    try {
      const { source, width, height, fps } = this.#options;
      const depth = this.#options.kind === 'depth';
      this.#pipeline = this.#addon.cameraPipeline({
        source,
        depth,
        ...(width === undefined ? {} : { width }),
        ...(height === undefined ? {} : { height }),
        ...(fps === undefined ? {} : { fps }),
      });
      const native: NativeCamera = this.#addon.openCamera(
        {
          pipeline: this.#pipeline.pipeline,
          depth,
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

  /** Each opening that does not stop keeps a thread and what its pipeline holds: there is an end to that. */
  #hangs(): boolean {
    for (const native of this.#hung) if (native.stopped()) this.#hung.delete(native);
    if (this.#hung.size < MAX_HUNG) return false;
    this.#fail(
      `The last ${MAX_HUNG} openings of camera ${this.name} hang while they stop; it is opened again when one of them has ended. Is its driver or daemon stuck?`,
    );
    return true;
  }

  #onEvent(event: NativeCameraEvent): void {
    switch (event.type) {
      case 'frame':
        this.#lastSeq = event.seq;
        this.#advancedAt = performance.now();
        this.#supervision.frame(event);
        for (const listener of this.#frameListeners) listener(event);
        return;
      case 'playing':
        return;
      case 'end':
        this.#follow(this.#supervision.ended(this.#pipeline?.sync === true && !this.#pipeline.loop));
        return;
      case 'error':
        this.#fail(event.message);
        return;
    }
  }

  #fail(message: string): void {
    this.#follow(this.#supervision.failed(message));
  }

  #tick(): void {
    if (this.#restarting || this.#closing) return;
    if (!this.streaming) this.#advancedAt = performance.now();
    this.#follow(this.#supervision.tick());
  }

  #follow(step: ReturnType<Supervision['tick']>): void {
    if (step === 'open') this.#open();
    if (step === 'close') void this.#release();
  }

  async #release(): Promise<void> {
    const native = this.#native;
    this.#native = undefined;
    if (!native) {
      await this.#closing;
      return;
    }
    this.#closing = native.close().then(
      () => {
        if (!native.stopped()) this.#hung.add(native);
      },
      (error: unknown) => {
        this.#log.warn({ err: error }, 'closing the camera failed');
      },
    );
    await this.#closing;
    this.#closing = undefined;
  }
}
