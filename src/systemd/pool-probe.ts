import { stat } from 'node:fs';

/** Asks libuv's thread pool for something small again and again, one at a time: a pool whose threads all hang owes the answer. */
export class PoolProbe {
  readonly #ask: (done: () => void) => void;
  readonly #now: () => number;
  #askedAt: number | null = null;

  constructor(
    ask: (done: () => void) => void = (done) => stat('/', () => done()),
    now: () => number = () => performance.now(),
  ) {
    this.#ask = ask;
    this.#now = now;
  }

  beat(): void {
    if (this.#askedAt !== null) return;
    this.#askedAt = this.#now();
    this.#ask(() => {
      this.#askedAt = null;
    });
  }

  get quietMs(): number {
    return this.#askedAt === null ? 0 : this.#now() - this.#askedAt;
  }
}
