/**
 * Pixels of the pictures that are in memory at a time, 6 bytes each while they are decoded: bounded in all, whatever
 * brings them. The next one waits its turn, in the order in which they came; how many wait is bounded by who brings them.
 */
export class PixelBudget {
  readonly #max: number;
  #used = 0;
  readonly #waiting: { readonly pixels: number; readonly admit: () => void }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Resolves when there is room; the function gives it back (once or more). A picture above the whole budget comes alone. */
  async take(pixels: number): Promise<() => void> {
    const wanted = Math.min(pixels, this.#max);
    if (this.#waiting.length > 0 || this.#used + wanted > this.#max)
      await new Promise<void>((admit) => this.#waiting.push({ pixels: wanted, admit }));
    else this.#used += wanted;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#used -= wanted;
      this.#admit();
    };
  }

  #admit(): void {
    for (
      let next = this.#waiting[0];
      next && this.#used + next.pixels <= this.#max;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#used += next.pixels;
      next.admit();
    }
  }
}
