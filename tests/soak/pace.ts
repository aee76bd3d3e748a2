export interface Paced {
  /** No more turns; resolves when those in progress have ended. */
  stop(): Promise<void>;
}

export interface PaceOptions {
  readonly everyMs: number;
  /** Turns at once; the next one is left out while as many run. */
  readonly atOnce?: number;
  /** `turn` counts from 0. */
  readonly work: (turn: number) => Promise<void> | void;
  readonly onError: (error: unknown) => void;
}

/** Does something again and again, the first time after one period. */
export function pace({ everyMs, atOnce = 1, work, onError }: PaceOptions): Paced {
  const running = new Set<Promise<void>>();
  let turn = 0;
  const timer = setInterval(() => {
    if (running.size >= atOnce) return;
    const done = Promise.resolve()
      .then(() => work(turn++))
      .catch(onError)
      .finally(() => running.delete(done));
    running.add(done);
  }, everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}
