/** Frames per second over a sliding window, from arrival times in ms. */
export class FrameRate {
  readonly #windowMs: number;
  #arrivals: number[] = [];
  #startedAt: number | undefined;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(nowMs: number): void {
    this.#startedAt ??= nowMs;
    this.#arrivals.push(nowMs);
    this.#forget(nowMs);
  }

  /** Rounded to a tenth; 0 while fewer than two frames stand in the window. */
  perSecond(nowMs: number): number {
    this.#forget(nowMs);
    const first = this.#arrivals[0];
    const last = this.#arrivals.at(-1);
    if (first === undefined || last === undefined || last <= first) return 0;
    return Math.round(((this.#arrivals.length - 1) * 10_000) / (last - first)) / 10;
  }

  /** True once the window has been filled, so that the rate can be told. */
  settled(nowMs: number): boolean {
    return this.#startedAt !== undefined && nowMs - this.#startedAt >= this.#windowMs;
  }

  reset(): void {
    this.#arrivals = [];
    this.#startedAt = undefined;
  }

  #forget(nowMs: number): void {
    const oldest = nowMs - this.#windowMs;
    let stale = 0;
    while (stale < this.#arrivals.length && (this.#arrivals[stale] ?? 0) < oldest) stale += 1;
    if (stale > 0) this.#arrivals = this.#arrivals.slice(stale);
  }
}
