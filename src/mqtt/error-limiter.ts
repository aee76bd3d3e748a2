/** How often one kind of error is told to a sender that repeats its fault many times a second. */
const EVERY_MS = 10_000;
/** Kinds that are remembered; the one that was told longest ago is forgotten first. */
const MAX_KINDS = 256;

interface Told {
  readonly atMs: number;
  untold: number;
}

export class ErrorLimiter {
  readonly #now: () => number;
  /** In the order of telling. */
  readonly #told = new Map<string, Told>();

  /** `now`: monotonic milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Null: not now. Else how many of this kind were not told since the last one that was. */
  admit(kind: string): number | null {
    const nowMs = this.#now();
    const last = this.#told.get(kind);
    if (last && nowMs - last.atMs < EVERY_MS) {
      last.untold += 1;
      return null;
    }
    this.#told.delete(kind);
    this.#told.set(kind, { atMs: nowMs, untold: 0 });
    if (this.#told.size > MAX_KINDS) {
      const [oldest] = this.#told.keys();
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    return last?.untold ?? 0;
  }
}
