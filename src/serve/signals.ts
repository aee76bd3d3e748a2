import type { Logger } from 'pino';

export interface SignalHandlers {
  readonly log: () => Pick<Logger, 'info' | 'warn'>;
  readonly onStop: () => void;
  readonly onReload: () => void;
  /** A second signal to stop: nothing is waited for any more. */
  readonly onImpatient: () => void;
  /** Whether somebody sits at a terminal: SIGHUP then says that it was closed. */
  readonly onTerminal: boolean;
}

/** SIGTERM and SIGINT stop, the second of them at once; SIGHUP reloads. Returns what takes the handlers away. */
export function handleSignals({ log, onTerminal, ...handlers }: SignalHandlers): () => void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log().warn({ signal }, 'a second signal: ending at once');
      handlers.onImpatient();
      return;
    }
    stopping = true;
    log().info({ signal }, 'stopping');
    handlers.onStop();
  };
  const hangUp = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    if (onTerminal) stop(signal);
    else handlers.onReload();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  process.on('SIGHUP', hangUp);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    process.off('SIGHUP', hangUp);
  };
}
