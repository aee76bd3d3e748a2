import type { Logger } from 'pino';
import type { NativeAddon } from '../native/types.js';

export interface NotifierOptions {
  readonly addon: Pick<NativeAddon, 'notifyManager'>;
  /** `NOTIFY_SOCKET`. */
  readonly socket: string;
  readonly log: Pick<Logger, 'warn' | 'info'>;
}

/** Names and values of sd_notify(3). A value is one line. */
export type Told = Readonly<Record<string, string | number | bigint>>;

/** Speaks to the service manager; what it can't say now is the caller's to say again. */
export class Notifier {
  readonly #options: NotifierOptions;
  /** From a failure until the next success, so that it is logged once. */
  #silent = false;

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  /** True when the manager has it. Never throws, never blocks. */
  tell(told: Told): boolean {
    const text = Object.entries(told)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n');
    const { addon, socket, log } = this.#options;
    try {
      const taken = addon.notifyManager(socket, text);
      if (taken && this.#silent) log.info('the service manager listens again');
      if (!taken && !this.#silent) log.warn('the service manager reads nothing; it is told again later');
      this.#silent = !taken;
      return taken;
    } catch (error) {
      if (!this.#silent) log.warn({ err: error }, 'the service manager can not be told anything');
      this.#silent = true;
      return false;
    }
  }
}
