/** Deadlines nearer than this to one another are told together. */
const GRAIN_MS = 5;
/** The longest that setTimeout takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** One timer for the nearest of many deadlines, so that who waits is told when its time is over and not when its turn comes. */
export class DeadlineTimer {
  readonly #onDue: () => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;

  constructor(onDue: () => void, now: () => number) {
    this.#onDue = onDue;
    this.#now = now;
  }

  /** A deadline is over that nobody has been told of. */
  get due(): boolean {
    return this.#now() > this.#atMs;
  }

  /** `onDue` is called at that time of the clock, or sooner. */
  by(deadlineMs: number): void {
    if (deadlineMs >= this.#atMs) return;
    this.#atMs = deadlineMs;
    clearTimeout(this.#timer);
    const waitMs = Math.max(GRAIN_MS, deadlineMs - this.#now() + 1);
    this.#timer = setTimeout(() => this.#fire(), Math.min(waitMs, LONGEST_MS));
    this.#timer.unref();
  }

  /** Forgets what it was told; the next `by` counts. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#atMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.clear();
    this.#onDue();
  }
}
