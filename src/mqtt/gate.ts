import { SamwireError } from '../errors.js';

/** A bounded number of messages at work; the next ones wait their turn at the door, for a bounded time. */
export class Gate {
  readonly #max: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #whenEmpty: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get inside(): number {
    return this.#inside;
  }

  /** True: in, and a `leave()` is owed. False: nobody left within `timeoutMs`. */
  enter(timeoutMs: number): Promise<boolean> {
    if (this.#inside < this.#max) {
      this.#inside += 1;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const admit = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        resolve(false);
      }, timeoutMs);
      this.#waiting.push(admit);
    });
  }

  /** Hands the place to who waits longest, if anybody does. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#inside -= 1;
    if (this.#inside === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Resolves when nobody is inside any more. */
  empty(): Promise<void> {
    if (this.#inside === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}

/** What the sender of a message is told that found no place. */
export function overloaded(atWork: number): SamwireError {
  return new SamwireError(
    'overloaded',
    `${atWork} messages are at work already; send fewer at a time, or try again later.`,
  );
}
