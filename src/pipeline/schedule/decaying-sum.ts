/** How far back demand is looked at: some runs even of a slow model, and soon forgotten. */
const MEMORY_MS = 2000;

/** A sum of what came lately: each part fades with time, to 1/e after 2 s. */
export class DecayingSum {
  #sum = 0;
  #atMs = 0;

  add(value: number, nowMs: number): void {
    this.#sum = this.at(nowMs) + value;
    this.#atMs = nowMs;
  }

  at(nowMs: number): number {
    return this.#sum * Math.exp(-Math.max(0, nowMs - this.#atMs) / MEMORY_MS);
  }
}
