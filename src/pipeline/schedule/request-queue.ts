import type { NativeFrameInfo } from '../../native/types.js';
import { type Charge, Lanes } from './lanes.js';
import { Overload } from './overload.js';
import type { Refusal } from './refusals.js';
import { REQUEST_KINDS, type RequestKind, type Waiting } from './request.js';
import type { RunCost } from './run-cost.js';

/** Jobs are to be answered however late, and the broker hands over a few at a time: nothing of them is refused for being late. */
const IN_TIME = REQUEST_KINDS.filter((kind) => kind !== 'job');

export interface RequestQueueOptions {
  /** Requests of a kind that may wait. */
  readonly limit: number;
  readonly maxPrompts: number;
  readonly cost: RunCost;
  /** Is told of a request that waits no more, and is not served. */
  readonly refuse: (waiting: Waiting, why: Refusal) => void;
  readonly onOverload: (kind: RequestKind, overloaded: boolean) => void;
}

/** Requests that one run answers, the first one's kind first. */
export interface Batch {
  readonly requests: readonly Waiting[];
  readonly charges: readonly (readonly Charge[])[];
  /** What the run was expected to take for each of `charges`, in ms. */
  readonly expectedMs: readonly number[];
}

export interface FrameTaken {
  readonly frame: NativeFrameInfo;
  /** It is the newest of its camera. */
  readonly newest: boolean;
}

interface KindQueue {
  readonly lanes: Lanes;
  readonly overload: Overload;
}

/** All requests that wait, by kind, camera and client: bounded, fair by weight, and short in overload (docs/scheduling.md). */
export class RequestQueue {
  readonly #options: RequestQueueOptions;
  readonly #kinds: Readonly<Record<RequestKind, KindQueue>>;

  constructor(options: RequestQueueOptions) {
    this.#options = options;
    const { cost, maxPrompts } = options;
    const queue = (): KindQueue => ({ lanes: new Lanes(cost, maxPrompts), overload: new Overload() });
    this.#kinds = { prompt: queue(), detections: queue(), track: queue(), job: queue() };
  }

  get length(): number {
    return REQUEST_KINDS.reduce((sum, kind) => sum + this.#kinds[kind].lanes.waiting, 0);
  }

  waiting(kind: RequestKind): number {
    return this.#kinds[kind].lanes.waiting;
  }

  overload(kind: RequestKind): Pick<Overload, 'overloaded' | 'entered'> {
    return this.#kinds[kind].overload;
  }

  /** Adds a request; the one that it replaces, or that must make room, is refused. */
  push(waiting: Waiting, nowMs: number): void {
    const { lanes, overload } = this.#kinds[waiting.request.kind];
    const older = lanes.superseded(waiting.request);
    if (older) overload.asked(-this.#drop(older, 'superseded'));
    overload.asked(lanes.push(waiting, nowMs));
    if (lanes.waiting <= this.#options.limit) return;
    const victim = lanes.victim();
    if (!victim) return;
    overload.lost();
    this.#drop(victim, 'queueFull');
  }

  /** The request of a kind that goes first; it goes on waiting. */
  next(kind: RequestKind): Waiting | undefined {
    return this.#kinds[kind].lanes.next();
  }

  /** Before the next run is chosen: refuses what overload lets nobody wait for. */
  refuseLate(runs: number, nowMs: number): void {
    for (const kind of IN_TIME) {
      const { lanes, overload } = this.#kinds[kind];
      if (!overload.overloaded || lanes.waiting === 0) continue;
      for (const waiting of lanes.late({ runs, nowMs })) this.#refuseInOverload(waiting);
    }
  }

  /** Takes a request out, which is refused for another reason. */
  remove(waiting: Waiting): void {
    this.#kinds[waiting.request.kind].lanes.take(waiting);
  }

  /** Takes out a request whose sender has gone; nothing where it does not wait any more. */
  withdraw(waiting: Waiting): void {
    const { lanes, overload } = this.#kinds[waiting.request.kind];
    if ([...lanes.all()].includes(waiting)) overload.asked(-this.#drop(waiting, 'withdrawn'));
  }

  /** Takes out all that goes with `first`, for its run. */
  begin(first: Waiting, taken: FrameTaken, nowMs: number): Batch {
    const { cost } = this.#options;
    const { kind } = first.request;
    const joining = this.#joining(first, taken);
    const charges: (readonly Charge[])[] = [];
    const expectedMs: number[] = [];
    for (const of of [kind, ...REQUEST_KINDS.filter((other) => other !== kind)]) {
      const requests = joining.filter(({ request }) => request.kind === of);
      if (requests.length === 0) continue;
      const { lanes, overload } = this.#kinds[of];
      for (const waiting of requests) overload.done(lanes.take(waiting));
      const prompts = requests.reduce((sum, { request }) => sum + request.promptCount, 0);
      const ms = prompts * cost.promptMs + (of === kind ? cost.encodeMs : 0);
      charges.push(lanes.begin(requests, ms, nowMs));
      expectedMs.push(ms);
    }
    return { requests: joining, charges, expectedMs };
  }

  /** The run has ended after `tookMs`: what it took more or less than was expected is charged as that was. */
  end({ charges, expectedMs }: Batch, tookMs: number): void {
    const expected = expectedMs.reduce((sum, ms) => sum + ms, 0);
    for (const [i, part] of charges.entries()) {
      const share = expected > 0 ? (expectedMs[i] ?? 0) / expected : 1 / charges.length;
      Lanes.settle(part, (tookMs - expected) * share);
    }
  }

  /** Whether each kind is overloaded, once a run has begun or nothing is left to begin. */
  observe(nowMs: number): void {
    const { cost, onOverload } = this.#options;
    for (const kind of IN_TIME) {
      const { lanes, overload } = this.#kinds[kind];
      if (!overload.observe({ waiting: lanes.waiting, nowMs, runMs: cost.runMs })) continue;
      if (!overload.overloaded) lanes.relax();
      onOverload(kind, overload.overloaded);
    }
  }

  /** The model had nothing to do for so long. */
  idle(ms: number): void {
    for (const kind of REQUEST_KINDS) this.#kinds[kind].overload.idle(ms);
  }

  /** Refuses what has waited longer than it may, at this time of the monotonic clock; when the next one will have. */
  expire(nowMs: number): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const kind of REQUEST_KINDS) {
      const { lanes, overload } = this.#kinds[kind];
      for (const waiting of [...lanes.all()]) {
        if (nowMs <= waiting.dueMs) {
          nextMs = Math.min(nextMs, waiting.dueMs);
          continue;
        }
        // With a model that is slower than a request may wait, overload shows by this.
        if (lanes.inExcess(waiting)) this.#refuseInOverload(waiting);
        else {
          overload.lost();
          this.#drop(waiting, 'expired');
        }
      }
    }
    return nextMs;
  }

  /** Takes out all that waits. */
  clear(): Waiting[] {
    const all = REQUEST_KINDS.flatMap((kind) => [...this.#kinds[kind].lanes.all()]);
    for (const waiting of all) this.remove(waiting);
    return all;
  }

  #refuseInOverload(waiting: Waiting): void {
    this.#kinds[waiting.request.kind].overload.refused();
    this.#drop(waiting, 'overload');
  }

  #drop(waiting: Waiting, why: Refusal): number {
    const ms = this.#kinds[waiting.request.kind].lanes.take(waiting);
    this.#options.refuse(waiting, why);
    return ms;
  }

  /**
   * `first` and those of its camera that the same run can answer without getting too long. Its own kind and higher ones come along as far as there is
   * room; lower ones as long as they cost less than they save, which is an encoding of their own.
   */
  #joining(first: Waiting, { frame, newest }: FrameTaken): Waiting[] {
    const { cost, maxPrompts } = this.#options;
    const { kind, promptCount } = first.request;
    const joining = [first];
    let room = cost.sharing(maxPrompts) - promptCount;
    let savedMs = cost.encodeMs;
    for (const [place, of] of REQUEST_KINDS.entries()) {
      const lower = place > REQUEST_KINDS.indexOf(kind);
      for (const waiting of this.#kinds[of].lanes.joining({ first, frame, newest, room })) {
        const prompts = waiting.request.promptCount;
        if (prompts > room || (lower && prompts * cost.promptMs > savedMs)) continue;
        if (lower) savedMs -= prompts * cost.promptMs;
        room -= prompts;
        joining.push(waiting);
      }
    }
    return joining;
  }
}
