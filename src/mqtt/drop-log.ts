import type { Logger } from 'pino';
import type { OutboundMessage } from './messages.js';
import type { DropReason } from './outbox.js';

const INTERVAL_MS = 5000;

/** Logs answers that were dropped, one line for all of a few seconds. */
export class DropLog {
  readonly #log: Pick<Logger, 'warn'>;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(log: Pick<Logger, 'warn'>) {
    this.#log = log;
  }

  note({ topic, payload }: OutboundMessage, reason: DropReason, cause: Error | undefined): void {
    this.#unlogged += 1;
    const now = performance.now();
    if (now - this.#loggedAt < INTERVAL_MS) return;
    this.#log.warn(
      { reason, topic, bytes: payload.length, count: this.#unlogged, err: cause },
      'answers dropped before the broker took them',
    );
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
