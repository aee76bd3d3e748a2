export interface ReadSometimesOptions {
  /** How long what was read is good. */
  readonly keepMs?: number;
  /** How long a reader waits at most; what comes later is for the next one. */
  readonly patienceMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Something outside of this process that is slow to read, and may hang: read at most once in `keepMs`, one read at a time,
 * however many ask. Never rejects: what can't be read is `nothing`.
 */
export class ReadSometimes<T> {
  readonly #source: () => Promise<T>;
  readonly #nothing: T;
  readonly #keepMs: number;
  readonly #patienceMs: number;
  readonly #now: () => number;
  #reading: Promise<T> | null = null;
  #kept: { readonly value: T; readonly atMs: number } | null = null;

  constructor(
    source: () => Promise<T>,
    nothing: T,
    { keepMs = 1000, patienceMs = 1000, now = () => performance.now() }: ReadSometimesOptions = {},
  ) {
    this.#source = source;
    this.#nothing = nothing;
    this.#keepMs = keepMs;
    this.#patienceMs = patienceMs;
    this.#now = now;
  }

  async read(): Promise<T> {
    if (this.#kept && this.#now() - this.#kept.atMs < this.#keepMs) return this.#kept.value;
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = null;
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => resolve(this.#nothing), this.#patienceMs).unref();
    });
    const value = await Promise.race([this.#reading, late]);
    clearTimeout(timer);
    return value;
  }

  async #readOnce(): Promise<T> {
    let value = this.#nothing;
    try {
      value = await this.#source();
    } catch {
      // As if it were not there.
    }
    this.#kept = { value, atMs: this.#now() };
    return value;
  }
}
