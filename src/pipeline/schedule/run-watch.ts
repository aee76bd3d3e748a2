/** How long runs take, those that have not ended among them: a model that hangs says nothing else. */
export class RunWatch {
  readonly #now: () => number;
  readonly #atWork = new Map<object, number>();
  #slowestMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  begin(run: object): void {
    this.#atWork.set(run, this.#now());
  }

  end(run: object): void {
    const sinceMs = this.#atWork.get(run);
    if (sinceMs === undefined) return;
    this.#atWork.delete(run);
    this.#slowestMs = Math.max(this.#slowestMs, this.#now() - sinceMs);
  }

  /** The age of the oldest that is at work, null where none is; and the longest that ended. */
  get vitals(): { readonly atWorkMs: number | null; readonly slowestMs: number } {
    const [oldestMs] = this.#atWork.values();
    return { atWorkMs: oldestMs === undefined ? null : this.#now() - oldestMs, slowestMs: this.#slowestMs };
  }
}
