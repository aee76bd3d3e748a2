import type { ArrivedFrame, FrameChoice } from '../../frames/camera.js';

/** Masks of a frame that is older than this belong to a picture that somebody held, and not to what the camera shows. */
const MAX_LAG_MS = 2000;
/** How long the masks that came last say how late masks are: this long to twice as long. */
const WINDOW_MS = 1000;
/** Farther than any frame that is held. */
const ANY_TOLERANCE_MS = 60_000;

type Named = Pick<ArrivedFrame, 'seq' | 'timestamp'>;

/**
 * Which of a camera's frames pages see. The newest; but while masks come, those of as long ago as the masks are late, so
 * that masks come before their frame has gone by. All times are of capture, but `now`, which is monotonic.
 */
export class Timeline {
  readonly #now: () => number;
  #newest: Named | undefined;
  /** The largest lag of the present window, and of the one before. */
  #lagMs = 0;
  #lagBeforeMs = 0;
  #windowEndsAt = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  arrived(frame: Named): void {
    this.#newest = frame;
  }

  /** Masks of a recent frame have come. */
  masked(frame: Named): void {
    this.#turnWindow();
    this.#lagMs = Math.max(this.#lagMs, this.#lagOf(frame));
  }

  /** Whether the frame belongs to what the camera shows. */
  isRecent(frame: Named): boolean {
    return this.#lagOf(frame) <= MAX_LAG_MS;
  }

  get choice(): FrameChoice {
    this.#turnWindow();
    const lagMs = Math.max(this.#lagMs, this.#lagBeforeMs);
    if (lagMs <= 0 || !this.#newest) return 'latest';
    return { timestamp: this.#newest.timestamp - lagMs, toleranceMs: ANY_TOLERANCE_MS };
  }

  #lagOf({ timestamp }: Named): number {
    return this.#newest ? this.#newest.timestamp - timestamp : 0;
  }

  #turnWindow(): void {
    const now = this.#now();
    if (now < this.#windowEndsAt) return;
    const isNext = now < this.#windowEndsAt + WINDOW_MS;
    this.#lagBeforeMs = isNext ? this.#lagMs : 0;
    this.#lagMs = 0;
    this.#windowEndsAt = now + WINDOW_MS;
  }
}
