import type { Logger } from 'pino';
import type { ErrorCode } from '../errors.js';
import { createBackoff } from './backoff.js';
import { FrameRate } from './frame-rate.js';
import { OutageLog } from './outage-log.js';

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

/** Durations are measured on the monotonic clock, so that a jump of the wall clock stalls no camera. */
export interface Clock {
  monotonicMs(): number;
  /** Since the Unix epoch. */
  wallMs(): number;
}

export const SYSTEM_CLOCK: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
};

/**
 * Where a camera is. Its state on the topic is coarser: a camera that is opened again and again for a day has `failed`
 * since the first failure, and is told once.
 */
type Phase = 'opening' | 'streaming' | 'stalled' | 'pausing' | 'ended' | 'disabled';

/** What the camera is to do now. */
export type Step = 'none' | 'open' | 'close';

export interface SupervisionOptions {
  readonly name: string;
  readonly log: Logger;
  readonly onState: (state: CameraState) => void;
  /** The rate that the config names: a slow camera is not a stalled one. */
  readonly fps?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface SupervisionStats {
  readonly frames: number;
  readonly reopens: number;
  readonly fps: number;
  /** The longest time between two frames since the first one, that which lasts now included. */
  readonly longestGapMs: number;
  readonly lastError: { readonly message: string; readonly at: number } | null;
}

/** No frame for this long, or for five frame intervals if that is longer: stalled. */
const STALL_MS = 2000;
/** Stalled, or connecting without a first frame, for this long: closed and opened again. */
const REOPEN_STALLED_MS = 3000;
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Pauses between openings. With the longest, a tick and the 0.5 s that RTSP takes to open, a camera is back 4 s after
 * its source; 5 s are promised.
 */
const PAUSES = { firstMs: 500, maxMs: 3000 } as const;
/** A stream that has lasted this long has recovered: the next failure begins with the shortest pause. */
const STEADY_MS = 10_000;
/** A change of the measured rate by less than this share is not worth a message. */
const FPS_CHANGE = 0.2;
const FPS_CHECK_MS = 5000;
/** Between messages that tell a size or a rate only: sources exist whose size changes with every frame. */
const DETAILS_MS = 1000;

/**
 * The rules by which one camera is watched, opened and closed, apart from what opens and closes it. Whoever owns it
 * says what happened, calls `tick` a few times a second, and does what these answer.
 */
export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #clock: Clock;
  readonly #outage: OutageLog;
  readonly #backoff: ReturnType<typeof createBackoff>;
  readonly #rate = new FrameRate(2000);
  #state: CameraState;
  #frames = 0;
  #reopens = 0;
  #longestGapMs = 0;
  #lastError: SupervisionStats['lastError'] = null;
  #phase: Phase = 'opening';
  #enteredAt = 0;
  #openedAt = 0;
  #lastFrameAt: number | undefined;
  #reopenAt = 0;
  /** From a failure until the stream is steady. */
  #recovering = false;
  #fpsToldAt = 0;
  #detailsToldAt = Number.NEGATIVE_INFINITY;
  #untold = false;
  #told = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#outage = new OutageLog(options.log);
    this.#backoff = createBackoff({ ...PAUSES, random: options.random ?? Math.random });
    this.#state = { state: 'connecting', fps: 0, width: 0, height: 0, since: this.#clock.wallMs() };
  }

  get state(): CameraState {
    return this.#state;
  }

  stats(): SupervisionStats {
    const now = this.#clock.monotonicMs();
    const gapMs = this.#lastFrameAt === undefined ? 0 : now - this.#lastFrameAt;
    return {
      frames: this.#frames,
      reopens: this.#reopens,
      fps: this.#rate.perSecond(now),
      longestGapMs: Math.round(Math.max(this.#longestGapMs, gapMs)),
      lastError: this.#lastError,
    };
  }

  disabled(): void {
    this.#enter('disabled', 'disabled');
  }

  /** The source is being opened. A camera that failed goes on to say so until a frame comes. */
  opening(): void {
    this.#openedAt = this.#clock.monotonicMs();
    this.#rate.reset();
    const { state, error } = this.#state;
    if (state === 'failed') this.#enter('opening', 'failed', error);
    else this.#enter('opening', 'connecting');
  }

  /** Somebody asked for the source to be closed and opened anew: what was before does not count. */
  restarting(): void {
    this.#backoff.reset();
    this.#enter('opening', 'connecting');
  }

  frame(size: { readonly width: number; readonly height: number }): void {
    const now = this.#clock.monotonicMs();
    if (this.#lastFrameAt !== undefined)
      this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastFrameAt);
    this.#lastFrameAt = now;
    this.#frames += 1;
    if (this.#phase !== 'streaming') this.#rate.reset();
    this.#rate.add(now);
    const { width, height } = this.#state;
    if (this.#phase !== 'streaming') {
      this.#fpsToldAt = now;
      this.#enter('streaming', 'streaming', undefined, size);
    } else if (size.width !== width || size.height !== height) {
      this.#tellDetails({ ...this.#state, width: size.width, height: size.height });
    }
    if (this.#recovering && now - this.#enteredAt >= STEADY_MS) {
      this.#recovering = false;
      this.#backoff.reset();
      this.#outage.over(now);
    }
  }

  /** A file that is not looped has ended for good; any other stream should not end, and is opened again. */
  ended(isFile: boolean): Step {
    const { name } = this.#options;
    if (!isFile) return this.failed(`The stream of camera ${name} ended.`);
    this.#enter('ended', 'stalled', {
      code: 'no_frame',
      message: `The file of camera ${name} has ended. Add ?loop=1 to its source to play it again and again.`,
    });
    return 'none';
  }

  /**
   * The pause counts from the last sign of life, which is a frame or the opening: who has waited in vain for ten
   * seconds is not made to wait for three more.
   */
  failed(message: string): Step {
    const now = this.#clock.monotonicMs();
    const idleMs = now - Math.max(this.#openedAt, this.#lastFrameAt ?? this.#openedAt);
    const waitMs = Math.max(0, this.#backoff.next() - idleMs);
    this.#reopenAt = now + waitMs;
    this.#recovering = true;
    this.#lastError = { message, at: this.#clock.wallMs() };
    this.#outage.failed(message, waitMs, now);
    this.#enter('pausing', 'failed', { code: 'no_frame', message });
    return 'close';
  }

  tick(): Step {
    const now = this.#clock.monotonicMs();
    if (this.#untold) this.#tellDetails(this.#state);
    const { name } = this.#options;
    switch (this.#phase) {
      case 'pausing':
        if (now < this.#reopenAt) return 'none';
        this.#reopens += 1;
        return 'open';
      case 'opening':
        return now - this.#openedAt >= CONNECT_TIMEOUT_MS
          ? this.failed(
              `No frame came from camera ${name} within ${CONNECT_TIMEOUT_MS / 1000} s of opening it.`,
            )
          : 'none';
      case 'streaming':
        this.#watch(now);
        return 'none';
      case 'stalled':
        return now - this.#enteredAt >= REOPEN_STALLED_MS
          ? this.failed(
              `No frame came from camera ${name} for ${Math.floor(this.#sinceFrameMs(now) / 1000)} s.`,
            )
          : 'none';
      case 'ended':
      case 'disabled':
        return 'none';
    }
  }

  #sinceFrameMs(now: number): number {
    return now - (this.#lastFrameAt ?? this.#openedAt);
  }

  #watch(now: number): void {
    const slowest = Math.min(
      this.#state.fps || Number.POSITIVE_INFINITY,
      this.#options.fps ?? Number.POSITIVE_INFINITY,
    );
    const stallMs = Math.max(STALL_MS, 5000 / slowest);
    if (this.#sinceFrameMs(now) >= stallMs) {
      const message = `No frame for ${Math.round(stallMs / 100) / 10} s.`;
      this.#recovering = true;
      this.#lastError = { message, at: this.#clock.wallMs() };
      this.#enter('stalled', 'stalled', { code: 'no_frame', message });
      return;
    }
    const fps = this.#rate.perSecond(now);
    const isFirst = this.#state.fps === 0 && fps > 0 && this.#rate.settled(now);
    const drifted =
      now - this.#fpsToldAt > FPS_CHECK_MS && Math.abs(fps - this.#state.fps) > FPS_CHANGE * this.#state.fps;
    if (!isFirst && !drifted) return;
    this.#fpsToldAt = now;
    this.#tellDetails({ ...this.#state, fps });
  }

  #enter(
    phase: Phase,
    state: CameraStateName,
    error?: CameraState['error'],
    { width, height }: { readonly width: number; readonly height: number } = this.#state,
  ): void {
    const before = this.#state;
    if (phase !== this.#phase) this.#enteredAt = this.#clock.monotonicMs();
    this.#phase = phase;
    const isNew = state !== before.state;
    if (!isNew && error?.message === before.error?.message && this.#told) return;
    this.#tell({
      state,
      fps: 0,
      width,
      height,
      since: isNew ? this.#clock.wallMs() : before.since,
      ...(error ? { error } : {}),
    });
  }

  #tellDetails(state: CameraState): void {
    const now = this.#clock.monotonicMs();
    if (now - this.#detailsToldAt >= DETAILS_MS) {
      this.#detailsToldAt = now;
      this.#tell(state);
      return;
    }
    this.#state = state;
    this.#untold = true;
  }

  #tell(state: CameraState): void {
    this.#state = state;
    this.#untold = false;
    this.#told = true;
    this.#options.onState(state);
  }
}
