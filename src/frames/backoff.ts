/** Growing waits between attempts: `first`, doubling up to `max`, each shortened at random by up to `jitter`. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  reset(): void;
  /** What was reached held for so long: where that was twice `first` or more, the next waits begin at a quarter of it. */
  held(ms: number): void;
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
    held(ms) {
      if (ms >= 2 * firstMs)
        attempts = Math.min(attempts, Math.max(0, Math.floor(Math.log2(ms / 4 / firstMs))));
    },
  };
}
