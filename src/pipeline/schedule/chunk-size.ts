import type { SegmentTiming } from '../../segment/segmenter.js';

/** A prompt that comes while a chunk is decoded waits for its end: about this long. */
const TARGET_MS = 120;
/** Until the first measurement: one batch of the onnx backend, 70 ms with samwire-tiny on two cores. */
const FIRST = 8;

/**
 * How many prompts of our own the segmenter is handed at a time, so that it is soon free for a prompt from outside:
 * measured, since a prompt costs 9 ms on a CPU and far below 1 ms on a GPU. Powers of two, which engines are built for.
 */
export class ChunkSize {
  readonly #most: number;
  #prompts: number;

  /** `most`: prompts that share one run of the decoder (`model.maxPrompts`). */
  constructor(most: number) {
    this.#most = most;
    this.#prompts = Math.min(FIRST, most);
  }

  get prompts(): number {
    return this.#prompts;
  }

  /** What a chunk of so many prompts took; encoding is not counted, since a smaller chunk would not shorten it. */
  note(prompts: number, { decodeMs, maskMs }: Pick<SegmentTiming, 'decodeMs' | 'maskMs'>): void {
    if (prompts === 0) return;
    const fitting = (TARGET_MS * prompts) / Math.max(decodeMs + maskMs, 0.001);
    const rounded = 2 ** Math.floor(Math.log2(Math.max(fitting, 1)));
    // It grows step by step, so that one lucky measurement costs nobody a long wait.
    this.#prompts = Math.min(rounded, this.#prompts * 2, this.#most);
  }
}
