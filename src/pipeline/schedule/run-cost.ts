import type { SegmentTiming } from '../../segment/segmenter.js';

/** Weight of the newest run in the means. */
const NEWEST = 1 / 8;
/**
 * Decoding may take so many times as long as encoding: then a fifth of a run at most goes to encode its frame, and more prompts would
 * make it longer for little. Shorter runs than this are not worth cutting, nor ones of fewer prompts than the onnx backend's batch.
 */
const DECODE_TO_ENCODE = 4;
const LEAST_DECODE_MS = 120;
const LEAST_PROMPTS = 8;

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

  /** Prompts of requests that share a run, beyond which it would only get longer; `most` until that is known. */
  sharing(most: number): number {
    if (this.promptMs === 0) return most;
    const decodeMs = Math.max(DECODE_TO_ENCODE * this.encodeMs, LEAST_DECODE_MS);
    return Math.min(most, Math.max(LEAST_PROMPTS, Math.floor(decodeMs / this.promptMs)));
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
