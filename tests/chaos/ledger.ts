/** What came back for each request, from whoever heard it, so that every answer is held against the first one. */
export class Ledger {
  readonly #asked = new Map<string, number>();
  readonly #first = new Map<string, string>();
  readonly #latencies: number[] = [];
  readonly #unlike: string[] = [];
  #heard = 0;

  ask(requestId: string): void {
    this.#asked.set(requestId, performance.now());
  }

  /** An answer, as it came; those to other requests are not looked at. */
  hear(payload: Buffer): void {
    const text = payload.toString();
    const { requestId } = JSON.parse(text) as { readonly requestId?: string };
    const askedAt = requestId === undefined ? undefined : this.#asked.get(requestId);
    if (requestId === undefined || askedAt === undefined) return;
    this.#heard += 1;
    const first = this.#first.get(requestId);
    if (first === undefined) {
      this.#first.set(requestId, text);
      this.#latencies.push(performance.now() - askedAt);
    } else if (first !== text) this.#unlike.push(`${first}\n${text}`);
  }

  answered(requestId: string): boolean {
    return this.#first.has(requestId);
  }

  get asked(): number {
    return this.#asked.size;
  }

  /** Messages heard, repeats and copies on several topics included. */
  get heard(): number {
    return this.#heard;
  }

  get missing(): readonly string[] {
    return [...this.#asked.keys()].filter((id) => !this.#first.has(id));
  }

  /** Pairs of answers to one request that are not the same to the byte. */
  get unlike(): readonly string[] {
    return this.#unlike;
  }

  get withMasks(): number {
    return [...this.#first.values()].filter((text) => text.includes('"masks":[')).length;
  }

  /** Of the answers that are errors. */
  get codes(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const text of this.#first.values()) {
      const { code } = JSON.parse(text) as { readonly code?: string };
      if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1;
    }
    return counts;
  }

  /** First answers, ms after their request was made. */
  latency(share: number): number {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  }
}
