import type { SegmentTiming } from '../segment/segmenter.js';

/** Weight of the newest run in the means. */
const NEWEST = 1 / 8;

/** What a run of the model takes, measured: means over the last runs, 0 before the first. */
export class RunCost {
  #runMs: number | undefined;
  #encodeMs: number | undefined;
  #promptMs: number | undefined;

  /** A run, as long as it kept the model busy. */
  get runMs(): number {
    return this.#runMs ?? 0;
  }

  /** To prepare and encode a frame. */
  get encodeMs(): number {
    return this.#encodeMs ?? 0;
  }

  /** To decode a prompt and make its masks. */
  get promptMs(): number {
    return this.#promptMs ?? 0;
  }

  /** So many prompts on a frame that is not encoded yet. */
  of(prompts: number): number {
    return this.encodeMs + prompts * this.promptMs;
  }

  /** `timing` where the run was answered. */
  note(prompts: number, busyMs: number, timing?: SegmentTiming): void {
    this.#runMs = mean(this.#runMs, busyMs);
    if (!timing) return;
    const { prepareMs, encodeMs, decodeMs, maskMs, embeddingReused } = timing;
    if (!embeddingReused) this.#encodeMs = mean(this.#encodeMs, prepareMs + encodeMs);
    if (prompts > 0) this.#promptMs = mean(this.#promptMs, (decodeMs + maskMs) / prompts);
  }
}

function mean(before: number | undefined, value: number): number {
  return before === undefined ? value : before + (value - before) * NEWEST;
}
