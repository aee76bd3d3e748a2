import type { LoadVitals } from './vitals.js';

/** Follows the loading of the model, which may take seconds, or hours where engines are built, and may hang. */
export class LoadWatch {
  readonly #now: () => number;
  #aliveAt: number;
  #prolongs = false;
  #problem: string | null = null;
  #step: string | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#aliveAt = now();
  }

  /** A sign of life of the building of engines. */
  building(step: string): void {
    this.#aliveAt = this.#now();
    this.#prolongs = true;
    this.#step = step;
  }

  /** A try failed; the next one begins after `waitMs`. */
  waits(problem: string, waitMs: number): void {
    this.#aliveAt = this.#now() + waitMs;
    this.#prolongs = true;
    this.#problem = problem;
    this.#step = null;
  }

  /** Since the last sign of life. */
  get quietMs(): number {
    return Math.max(0, this.#now() - this.#aliveAt);
  }

  get vitals(): LoadVitals {
    return {
      quietMs: this.quietMs,
      prolongs: this.#prolongs,
      problem: this.#problem,
      step: this.#step,
    };
  }
}
