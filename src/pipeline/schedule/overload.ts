/**
 * Tells overload from a burst, for one kind of request. A queue that stands is no fault by itself: ten cameras that ask at
 * once are served in order, and soon nothing waits. Overload is a queue that stands *while as much or more is asked
 * than is done*, for longer than a burst lasts (the idea of CoDel, Nichols and Jacobson, ACM Queue 10(5), 2012, and of its
 * use for servers' queues in Maurer, "Fail at Scale", ACM Queue 13(8), 2015: look at time, not at length).
 */

/**
 * Looked at over so many runs, within these bounds: a burst takes a while to arrive, and with a slow model nobody waits for eight
 * runs. CoDel's interval is 100 ms.
 */
const WINDOW_RUNS = 8;
const WINDOW_MS: Bounds = [100, 1000];
const LEAST_RUNS = 2;
/** Twice as much asked as done, over one window: grave enough to act at once. */
const GRAVE = 2;
/** Less grave overload must last longer, and cost requests. */
const LASTING_MS: Bounds = [1000, 4000];
/** A model that is idle for more of the time than this is not overloaded, whatever is refused. */
const IDLE_SHARE = 0.25;

type Bounds = readonly [leastMs: number, mostMs: number];

interface Window {
  readonly sinceMs: number;
  /** Of the model's time: for what came and for what was begun. */
  askedMs: number;
  doneMs: number;
  /** Requests that expired, or had to make room. */
  lost: number;
}

export interface Observation {
  /** Requests of the kind that wait. */
  readonly waiting: number;
  readonly nowMs: number;
  /** What a run takes. */
  readonly runMs: number;
}

export class Overload {
  #overloaded = false;
  #short: Window | null = null;
  #long: Window | null = null;
  /** While overloaded, since `#checkedMs`. */
  #refused = 0;
  #idleMs = 0;
  #checkedMs = 0;
  /** Times that it began. */
  #entered = 0;

  get overloaded(): boolean {
    return this.#overloaded;
  }

  get entered(): number {
    return this.#entered;
  }

  /** A request came, or (negative) took back what it had asked for because a newer one has its place or its sender has gone. */
  asked(ms: number): void {
    for (const window of [this.#short, this.#long]) if (window) window.askedMs += ms;
  }

  done(ms: number): void {
    for (const window of [this.#short, this.#long]) if (window) window.doneMs += ms;
  }

  lost(): void {
    for (const window of [this.#short, this.#long]) if (window) window.lost += 1;
  }

  refused(): void {
    this.#refused += 1;
  }

  /** The model had nothing to do for so long. */
  idle(ms: number): void {
    this.#idleMs += ms;
  }

  /** To be told after each run's begin. True when the state has changed. */
  observe(observation: Observation): boolean {
    const before = this.#overloaded;
    if (before) this.#mayEnd(observation);
    else this.#mayBegin(observation);
    return this.#overloaded !== before;
  }

  #mayBegin({ waiting, nowMs, runMs }: Observation): void {
    if (waiting === 0) {
      this.#short = null;
      this.#long = null;
      return;
    }
    // What waits already when a window begins is not counted in it: a burst that came before is only seen to drain.
    this.#short ??= begun(nowMs);
    this.#long ??= begun(nowMs);
    const { askedMs, doneMs } = this.#short;
    if (nowMs - this.#short.sinceMs >= lengthMs(runMs, WINDOW_MS)) {
      if (askedMs > GRAVE * doneMs) {
        this.#enter(nowMs);
        return;
      }
      this.#short = begun(nowMs);
    }
    const long = this.#long;
    if (nowMs - long.sinceMs >= lengthMs(runMs, LASTING_MS)) {
      if (long.lost > 0 && long.askedMs >= long.doneMs) this.#enter(nowMs);
      else this.#long = begun(nowMs);
    }
  }

  #enter(nowMs: number): void {
    this.#overloaded = true;
    this.#entered += 1;
    this.#short = null;
    this.#long = null;
    this.#restart(nowMs);
  }

  #mayEnd({ nowMs, runMs }: Observation): void {
    const elapsedMs = nowMs - this.#checkedMs;
    if (elapsedMs < lengthMs(runMs, LASTING_MS)) return;
    if (this.#refused === 0 || this.#idleMs > IDLE_SHARE * elapsedMs) this.#overloaded = false;
    this.#restart(nowMs);
  }

  #restart(nowMs: number): void {
    this.#refused = 0;
    this.#idleMs = 0;
    this.#checkedMs = nowMs;
  }
}

function lengthMs(runMs: number, [leastMs, mostMs]: Bounds): number {
  return Math.max(leastMs, Math.min(WINDOW_RUNS * runMs, mostMs), LEAST_RUNS * runMs);
}

function begun(sinceMs: number): Window {
  return { sinceMs, askedMs: 0, doneMs: 0, lost: 0 };
}
