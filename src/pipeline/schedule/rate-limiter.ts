/**
 * A token bucket for each key (a camera, a client): `perSecond` requests a second on average, a second's worth at
 * once. The number of keys is bounded; the key that was idle longest is forgotten first.
 */
export class RateLimiter {
  readonly #perSecond: number;
  readonly #maxKeys: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(perSecond: number, { maxKeys = 1024, now = () => performance.now() } = {}) {
    this.#perSecond = perSecond;
    this.#maxKeys = maxKeys;
    this.#now = now;
  }

  /** Takes a token of `key`; false when there is none. */
  take(key: string): boolean {
    const now = this.#now();
    const capacity = Math.max(1, this.#perSecond);
    const bucket = this.#buckets.get(key) ?? { tokens: capacity, at: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxKeys) {
      const idlest = this.#buckets.keys().next().value;
      if (idlest !== undefined) this.#buckets.delete(idlest);
    }
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
