import type { Logger } from 'pino';

/** Reasons of one outage that are told apart; further ones go to the debug log. */
const MAX_REASONS = 8;

/**
 * What the log says of a camera that fails: each reason once an outage, however long it lasts and however often it is
 * tried again, and one line when it is over. An outage is over when the caller says so, not with the first frame: a
 * camera that comes and goes for a day is one outage.
 */
export class OutageLog {
  readonly #log: Logger;
  readonly #reasons = new Set<string>();
  #attempts = 0;
  #beganAtMs = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  failed(reason: string, retryInMs: number, nowMs: number): void {
    if (this.#attempts === 0) this.#beganAtMs = nowMs;
    this.#attempts += 1;
    // "for 5 s" and "for 6 s" are the same reason.
    const kind = reason.replace(/\d+/g, '#');
    const told = this.#reasons.has(kind) || this.#reasons.size >= MAX_REASONS;
    this.#reasons.add(kind);
    if (this.#reasons.size > MAX_REASONS) this.#reasons.delete(kind);
    this.#log[told ? 'debug' : 'warn'](
      { reason, retryInMs: Math.round(retryInMs) },
      'camera failed; trying again for ever',
    );
  }

  over(nowMs: number): void {
    if (this.#attempts === 0) return;
    this.#log.info(
      { attempts: this.#attempts, sinceMs: Math.round(nowMs - this.#beganAtMs) },
      'camera streams again',
    );
    this.#attempts = 0;
    this.#reasons.clear();
  }
}
