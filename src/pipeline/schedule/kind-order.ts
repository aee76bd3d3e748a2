/** Which kind of request has the next run. */
import { REQUEST_KINDS } from './request.js';

/** From the first to the last; everything that nobody waits for, and requests for everything, come last. */
export const LEVELS = [...REQUEST_KINDS, 'everything'] as const;
export type Level = (typeof LEVELS)[number];

/**
 * A lower kind gets this share of the model's time while higher ones would take all of it: tracks go on, slower, while a
 * client floods the node with prompts. A prompt meets such a run once in ten.
 */
const RESERVED_SHARE = 0.1;
/** And is passed over for this long at least, so that of short runs not every few ms is one of a lower kind. */
const LEAST_PASSED_OVER_MS = 100;

/** Strict priority, but for each lower kind's reserve. */
export class KindOrder {
  /** By when a kind is passed over no longer. */
  readonly #dueAtMs = new Map<Level, number>();

  /** The level that goes next, among those that are `ready`. */
  next(ready: (level: Level) => boolean, nowMs: number): Level | undefined {
    const first = LEVELS.find(ready);
    if (first === undefined) return undefined;
    let next = first;
    let longestDueMs = nowMs;
    for (const level of LEVELS.slice(LEVELS.indexOf(first) + 1)) {
      if (!ready(level)) continue;
      const dueAtMs = this.#dueAtMs.get(level) ?? nowMs + LEAST_PASSED_OVER_MS;
      this.#dueAtMs.set(level, dueAtMs);
      if (dueAtMs >= longestDueMs) continue;
      next = level;
      longestDueMs = dueAtMs;
    }
    return next;
  }

  /** A run of that level has ended, and took so long. */
  ended(level: Level, { tookMs, nowMs }: { readonly tookMs: number; readonly nowMs: number }): void {
    const passedOverMs = Math.max(tookMs * (1 / RESERVED_SHARE - 1), LEAST_PASSED_OVER_MS);
    this.#dueAtMs.set(level, nowMs + passedOverMs);
  }
}
