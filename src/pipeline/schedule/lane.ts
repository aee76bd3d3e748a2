/** The waiting requests of one kind for one camera, by client. */
import type { FrameSource } from '../../frames/source.js';
import { DecayingSum } from './decaying-sum.js';
import { type Account, FairShare } from './fair-share.js';
import type { Waiting } from './request.js';
import type { RunCost } from './run-cost.js';

/** Clients of a camera whose share is remembered while they ask nothing. */
const MAX_CLIENTS = 64;

export class ClientLane {
  readonly waiting: Waiting[] = [];
  readonly account: Account;
  /** The model's time that it asked for lately. */
  readonly askedMs = new DecayingSum();
  /** It asks for more than its share of an overloaded model: its newest goes first, and what is late is refused. */
  excess = false;

  constructor(account: Account) {
    this.account = account;
  }

  /** The one that goes first. */
  get head(): Waiting | undefined {
    return this.waiting.at(this.excess ? -1 : 0);
  }
}

export class CameraLane {
  readonly camera: FrameSource;
  readonly account: Account;
  readonly clients = new Map<string, ClientLane>();
  readonly askedMs = new DecayingSum();
  readonly doneMs = new DecayingSum();
  /** Among its clients. */
  readonly fair = new FairShare();
  readonly #cost: RunCost;
  readonly #maxPrompts: number;
  /** Prompts that wait, by the frame that they are for: what one run can answer together. */
  readonly #prompts = new Map<number | 'latest', number>();
  #waiting = 0;

  constructor(camera: FrameSource, account: Account, cost: RunCost, maxPrompts: number) {
    this.camera = camera;
    this.account = account;
    this.#cost = cost;
    this.#maxPrompts = maxPrompts;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** The client whose request goes first. */
  get first(): ClientLane | undefined {
    let first: ClientLane | undefined;
    for (const lane of this.clients.values()) {
      if (lane.head && (!first?.head || goesBefore(lane.account, lane.head, first.account, first.head)))
        first = lane;
    }
    return first;
  }

  /** Adds a request; what it adds to the model's work, in ms. */
  push(waiting: Waiting, nowMs: number): number {
    const lane = this.#client(waiting.request.client ?? '');
    if (lane.waiting.length === 0) this.fair.join(lane.account, { weight: 1, runMs: this.#cost.runMs });
    lane.waiting.push(waiting);
    this.#waiting += 1;
    const ms = this.#changed(waiting, 1);
    lane.askedMs.add(ms, nowMs);
    this.askedMs.add(ms, nowMs);
    return ms;
  }

  /** Takes a request out; the work that goes with it, in ms. */
  take(waiting: Waiting): number {
    const lane = this.clients.get(waiting.request.client ?? '');
    const place = lane?.waiting.indexOf(waiting) ?? -1;
    if (!lane || place < 0) throw new Error('a request that does not wait was taken');
    lane.waiting.splice(place, 1);
    this.#waiting -= 1;
    return this.#changed(waiting, -1);
  }

  /**
   * The prompts for one frame take a run for each `maxPrompts` of them, which encodes the frame, and decode one by one.
   * So a request that joins others costs a decode only.
   */
  #changed({ request, pinned }: Waiting, sign: 1 | -1): number {
    const frame = pinned?.id ?? 'latest';
    const before = this.#prompts.get(frame) ?? 0;
    const after = before + sign * request.promptCount;
    if (after > 0) this.#prompts.set(frame, after);
    else this.#prompts.delete(frame);
    const work = (prompts: number): number =>
      Math.ceil(prompts / this.#maxPrompts) * this.#cost.encodeMs + prompts * this.#cost.promptMs;
    return Math.abs(work(after) - work(before));
  }

  #client(name: string): ClientLane {
    const known = this.clients.get(name);
    if (known) return known;
    if (this.clients.size >= MAX_CLIENTS) this.#forgetOne();
    const lane = new ClientLane(this.fair.open());
    this.clients.set(name, lane);
    return lane;
  }

  /** The one that is known longest, of those that ask nothing. */
  #forgetOne(): void {
    for (const [name, { waiting }] of this.clients) {
      if (waiting.length > 0) continue;
      this.clients.delete(name);
      return;
    }
  }
}

/** By what each has had so far, then by arrival. */
export function goesBefore(a: Account, aHead: Waiting, b: Account, bHead: Waiting): boolean {
  return a.tag !== b.tag ? a.tag < b.tag : aHead.order < bHead.order;
}
