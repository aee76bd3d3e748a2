/** Growing waits between attempts: `first`, doubling up to `max`, each shortened at random by up to `jitter`. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  reset(): void;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0..1: the share of each wait that is random. */
  readonly jitter?: number;
  readonly random?: () => number;
}

export function createBackoff({
  firstMs,
  maxMs,
  jitter = 0.3,
  random = Math.random,
}: BackoffOptions): Backoff {
  let attempts = 0;
  return {
    next() {
      const full = Math.min(maxMs, firstMs * 2 ** attempts);
      attempts = Math.min(attempts + 1, 30);
      return full * (1 - jitter * random());
    },
    reset() {
      attempts = 0;
    },
  };
}
