import type { Logger } from 'pino';
import { percentiles } from '../counters.js';
import { LEVELS, type Level } from './kind-order.js';
import { REFUSALS, type Refusal } from './refusals.js';
import type { RequestKind, SchedulerRequest } from './request.js';

/** Waits that the percentiles are of. */
const WINDOW = 512;
/** Refusals are logged together, so often at most. */
const LOG_INTERVAL_MS = 5000;

/** What the scheduler did since the start, for `<base>/stats` and the log. */
export class SchedulerStats {
  readonly #log: Pick<Logger, 'warn' | 'info'> | undefined;
  readonly #served = zeros(LEVELS);
  readonly #refused = zeros(REFUSALS);
  readonly #waitsMs: number[] = [];
  /** Since the last line of the log. */
  readonly #unlogged = zeros(REFUSALS);
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: Pick<Logger, 'warn' | 'info'> | undefined) {
    this.#log = log;
  }

  /** Answered, or failed in the model, after it had waited so long. */
  served(level: Level, waitedMs: number): void {
    this.#served[level] += 1;
    this.#waitsMs.push(waitedMs);
    if (this.#waitsMs.length > WINDOW) this.#waitsMs.shift();
  }

  /** That a newer request takes the place of an older one, or that its sender went away, is counted, but is no news. */
  refused(why: Refusal, { camera, kind }: Pick<SchedulerRequest, 'camera' | 'kind'>, nowMs: number): void {
    this.#refused[why] += 1;
    if (why === 'superseded' || why === 'withdrawn') return;
    this.#unlogged[why] += 1;
    if (nowMs - this.#loggedAtMs < LOG_INTERVAL_MS) return;
    this.#loggedAtMs = nowMs;
    const refused = Object.fromEntries(
      REFUSALS.flatMap((of) => (this.#unlogged[of] > 0 ? [[of, this.#unlogged[of]]] : [])),
    );
    this.#log?.warn(
      { refused, last: { camera: camera.name, kind } },
      'requests refused before the model had them',
    );
    for (const of of REFUSALS) this.#unlogged[of] = 0;
  }

  overload(kind: RequestKind, overloaded: boolean): void {
    if (overloaded)
      this.#log?.warn({ kind }, 'overload: newest first, and what can not be served soon is refused');
    else this.#log?.info({ kind }, 'overload is over');
  }

  snapshot() {
    return {
      served: { ...this.#served },
      refused: { ...this.#refused },
      waitMs: percentiles(this.#waitsMs),
    };
  }
}

function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}
