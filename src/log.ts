import { type Logger, pino } from 'pino';
import { maskLine } from './secrets.js';

export interface LogOptions {
  readonly level: string;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
}

/** The log goes to standard error, so that a command's own output can be piped. Each line is searched for secrets. */
export function createLogger({ level, pretty }: LogOptions): Logger {
  const base = { level, base: null, hooks: { streamWrite: maskLine } };
  if (!pretty) return pino(base, pino.destination({ dest: 2, sync: true }));
  return pino({
    ...base,
    transport: {
      target: 'pino-pretty',
      options: { destination: 2, translateTime: 'SYS:HH:MM:ss', ignore: 'pid,hostname', sync: true },
    },
  });
}
