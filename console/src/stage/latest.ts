/**
 * Runs one piece of work at a time. What is asked for meanwhile waits, and of those only the newest is run: the others
 * are of a state that nobody sees any more.
 */
export class LatestOnly {
  #running = false;
  #next: (() => Promise<void>) | null = null;
  #idle: Promise<void> = Promise.resolve();

  /** `work` handles its own failures. */
  run(work: () => Promise<void>): void {
    this.#next = work;
    if (!this.#running) this.#idle = this.#go();
  }

  /** Resolves when nothing is at work, and nothing waits. */
  idle(): Promise<void> {
    return this.#idle;
  }

  /** Drops what waits. */
  clear(): void {
    this.#next = null;
  }

  async #go(): Promise<void> {
    this.#running = true;
    try {
      while (this.#next) {
        const work = this.#next;
        this.#next = null;
        await work();
      }
    } finally {
      this.#running = false;
    }
  }
}
