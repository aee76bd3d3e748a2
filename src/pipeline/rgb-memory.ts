/**
 * Memory for pictures, used again and again: a new Buffer a frame makes V8 collect garbage three times a second, which held
 * the main thread up for 20 ms each on a busy machine.
 */
export class RgbMemory {
  /** As many as were in use at a time. */
  readonly #free: Buffer[] = [];

  /** Hands `work` so many bytes until what it returns has settled. */
  async use<T>(sizeBytes: number, work: (out: Buffer) => Promise<T>): Promise<T> {
    const known = this.#free.pop();
    // Slow: not a part of Node's own pool, which others would write to as well.
    const whole = known && known.length >= sizeBytes ? known : Buffer.allocUnsafeSlow(sizeBytes);
    try {
      return await work(whole.subarray(0, sizeBytes));
    } finally {
      this.#free.push(whole);
    }
  }

  free(): void {
    this.#free.length = 0;
  }
}
