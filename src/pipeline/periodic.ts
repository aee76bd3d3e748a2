import type { Logger } from 'pino';
import { toSamwireError } from '../errors.js';

export interface PeriodicOptions {
  readonly everyMs: number;
  /** The first run comes with its first frame. */
  readonly camera: { onFrame(listener: () => void): () => void };
  readonly work: () => Promise<void>;
  /** A run was left out, since the one before had not ended. */
  readonly onBusy: () => void;
  readonly log: Pick<Logger, 'warn' | 'debug'>;
}

/** Runs `work` every `everyMs`, never twice at a time, until the returned function is called. */
export function startPeriodic({ everyMs, camera, work, onBusy, log }: PeriodicOptions): () => void {
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let stopped = false;
  let loggedReason = '';
  const run = async (): Promise<void> => {
    running = true;
    try {
      await work();
      loggedReason = '';
    } catch (thrown) {
      if (stopped) return;
      const { code, message } = toSamwireError(thrown);
      // What fails again and again says so once.
      log[message === loggedReason ? 'debug' : 'warn']({ code, problem: message }, 'periodic run failed');
      loggedReason = message;
    } finally {
      running = false;
    }
  };
  const tick = (): void => {
    if (running) onBusy();
    else void run();
  };
  const unsubscribe = camera.onFrame(() => {
    unsubscribe();
    tick();
    timer = setInterval(tick, everyMs);
  });
  return () => {
    stopped = true;
    unsubscribe();
    clearInterval(timer);
  };
}
