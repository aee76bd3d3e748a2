import type { ErrorCode } from '../errors.js';

/** Something that went wrong, as a person is told of it. */
export interface RecentError {
  /** Grows by one with each; the same fault again raises `count` and `lastAt` instead. */
  readonly number: number;
  /** Ms since the Unix epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly count: number;
  /** Where it comes from: a sender's message, a camera, the broker, the model. */
  readonly source: 'message' | 'camera' | 'broker' | 'model';
  readonly camera?: string;
  /** Of docs/errors.md, where it has one. */
  readonly code?: ErrorCode;
  readonly message: string;
}

export type NewError = Pick<RecentError, 'source' | 'camera' | 'code' | 'message'>;

/** The last errors, the same one counted once: what the console shows. */
export class RecentErrors {
  readonly #max: number;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #entries: RecentError[] = [];
  readonly #listeners = new Set<(entry: RecentError) => void>();
  #number = 0;

  constructor({
    max = 50,
    now = () => Date.now(),
  }: { readonly max?: number; readonly now?: () => number } = {}) {
    this.#max = max;
    this.#now = now;
  }

  add(error: NewError): void {
    const at = this.#now();
    const { source, camera, code, message } = error;
    const known = this.#entries.findIndex(
      (entry) =>
        entry.source === source &&
        entry.camera === camera &&
        entry.code === code &&
        entry.message === message,
    );
    const [before] = known < 0 ? [] : this.#entries.splice(known, 1);
    this.#number += before ? 0 : 1;
    const entry: RecentError = before
      ? { ...before, lastAt: at, count: before.count + 1 }
      : { ...error, number: this.#number, firstAt: at, lastAt: at, count: 1 };
    this.#entries.push(entry);
    if (this.#entries.length > this.#max) this.#entries.shift();
    for (const listener of this.#listeners) listener(entry);
  }

  /** The one that happened last first. */
  list(): readonly RecentError[] {
    return [...this.#entries].reverse();
  }

  /** Hears of each error, also of one that is known already, until the returned function is called. */
  onError(listener: (entry: RecentError) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
