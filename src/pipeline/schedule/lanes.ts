/** All waiting requests of one kind: whose turn it is, who makes room, and who is refused in overload. */
import type { FrameSource } from '../../frames/source.js';
import type { NativeFrameInfo } from '../../native/types.js';
import { DecayingSum } from './decaying-sum.js';
import { charge, FairShare } from './fair-share.js';
import { CameraLane, type ClientLane, goesBefore } from './lane.js';
import type { SchedulerRequest, Waiting } from './request.js';
import type { RunCost } from './run-cost.js';

/** A camera that has asked for less than this of late does not count when the model's time is shared out. */
const ASKS_NOTHING_MS = 0.01;
/** Cameras are a few; pictures of jobs come and go. Above so many, those with nothing waiting are forgotten. */
const MANY_CAMERAS = 128;
/**
 * In overload a request may wait for a run, or for this long if the run is shorter: messages come in clumps, and less than a
 * frame's interval is no delay.
 */
const NO_DELAY_MS = 20;

/** What a run owes whom. */
export interface Charge {
  readonly camera: CameraLane;
  readonly client: ClientLane;
  /** Of the run's time, 0..1. */
  readonly share: number;
}

/** What a run can take along: requests of its camera, for its frame. */
export interface Joinable {
  /** Whose run it is. */
  readonly first: Waiting;
  readonly frame: NativeFrameInfo;
  /** The frame is the camera's newest, so requests for that one fit too. */
  readonly newest: boolean;
  /** Prompts that the run has room for. */
  readonly room: number;
}

export class Lanes {
  readonly #cost: RunCost;
  readonly #maxPrompts: number;
  readonly #cameras = new Map<FrameSource, CameraLane>();
  readonly #fair = new FairShare();
  readonly #doneMs = new DecayingSum();
  #waiting = 0;
  /** When so many cameras are known. */
  #forgetAt = MANY_CAMERAS;

  constructor(cost: RunCost, maxPrompts: number) {
    this.#cost = cost;
    this.#maxPrompts = maxPrompts;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** In no order. */
  *all(): Iterable<Waiting> {
    for (const camera of this.#cameras.values())
      if (camera.waiting > 0) for (const client of camera.clients.values()) yield* client.waiting;
  }

  /** Adds a request; what it adds to the model's work, in ms. */
  push(waiting: Waiting, nowMs: number): number {
    const { camera } = waiting.request;
    const lane = this.#lane(camera);
    if (lane.waiting === 0) this.#fair.join(lane.account, { weight: camera.weight, runMs: this.#cost.runMs });
    this.#waiting += 1;
    return lane.push(waiting, nowMs);
  }

  /** Takes a request out, whatever becomes of it; the work that goes with it, in ms. */
  take(waiting: Waiting): number {
    this.#waiting -= 1;
    return this.#lane(waiting.request.camera).take(waiting);
  }

  /** The request that goes first; it is not taken out. */
  next(): Waiting | undefined {
    let first: { readonly lane: CameraLane; readonly head: Waiting } | undefined;
    for (const lane of this.#cameras.values()) {
      const head = lane.waiting > 0 ? lane.first?.head : undefined;
      if (head && (!first || goesBefore(lane.account, head, first.lane.account, first.head)))
        first = { lane, head };
    }
    return first?.head;
  }

  /** The one that a newer request replaces. */
  superseded({ camera, supersedes }: SchedulerRequest): Waiting | undefined {
    if (supersedes === undefined) return undefined;
    for (const { waiting } of this.#cameras.get(camera)?.clients.values() ?? []) {
      const older = waiting.find(({ request }) => request.supersedes === supersedes);
      if (older) return older;
    }
    return undefined;
  }

  /** Who makes room: the oldest of the client that waits with most, of the camera that has most waiting for its weight. */
  victim(): Waiting | undefined {
    let fullest: CameraLane | undefined;
    for (const lane of this.#cameras.values()) if (!fullest || load(lane) > load(fullest)) fullest = lane;
    let longest: readonly Waiting[] = [];
    for (const { waiting } of fullest?.clients.values() ?? [])
      if (waiting.length > longest.length) longest = waiting;
    return longest[0];
  }

  /** Those that one more run of that frame can answer, in their order, as far as there is room. They are not taken out. */
  joining({ first, frame, newest, room }: Joinable): Waiting[] {
    const fits = (waiting: Waiting): boolean =>
      waiting !== first && (waiting.pinned ? waiting.pinned.id === frame.id : newest);
    const queues = [...(this.#cameras.get(first.request.camera)?.clients.values() ?? [])].flatMap(
      (client) => {
        const fitting = client.waiting.filter(fits);
        if (client.excess) fitting.reverse();
        return fitting.length > 0 ? [{ tag: client.account.tag, fitting, at: 0 }] : [];
      },
    );
    const joining: Waiting[] = [];
    for (let left = room; left > 0; ) {
      let next: (typeof queues)[number] | undefined;
      for (const queue of queues) if (queue.at < queue.fitting.length && isBefore(queue, next)) next = queue;
      const waiting = next?.fitting[next.at];
      if (!next || !waiting) break;
      next.at += 1;
      const { promptCount } = waiting.request;
      if (promptCount > left) continue;
      // As if it had been charged: so the clients of a camera share the room alike.
      next.tag += this.#cost.promptMs * promptCount;
      left -= promptCount;
      joining.push(waiting);
    }
    return joining;
  }

  /** A run of these requests of one camera begins, which is expected to take `ms` for them. */
  begin(requests: readonly Waiting[], ms: number, nowMs: number): readonly Charge[] {
    const [first] = requests;
    if (!first) return [];
    const camera = this.#lane(first.request.camera);
    const prompts = requests.reduce((sum, { request }) => sum + request.promptCount, 0);
    const charges = requests.flatMap(({ request }) => {
      const client = camera.clients.get(request.client ?? '');
      return client ? [{ camera, client, share: request.promptCount / Math.max(1, prompts) }] : [];
    });
    this.#fair.begin(camera.account, { weight: camera.camera.weight, ms });
    for (const { client, share } of charges) camera.fair.begin(client.account, { weight: 1, ms: share * ms });
    this.#doneMs.add(ms, nowMs);
    camera.doneMs.add(ms, nowMs);
    return charges;
  }

  /** The run took this much longer (or, negative, less long) than was expected. */
  static settle(charges: readonly Charge[], ms: number): void {
    const camera = charges[0]?.camera;
    if (camera) charge(camera.account, { weight: camera.camera.weight, ms });
    for (const { client, share } of charges) charge(client.account, { weight: 1, ms: share * ms });
  }

  /**
   * In overload: those that have waited for a whole run and more, of the cameras that ask for more than their share, and
   * of their clients that do. The newest of them go first from now on. They are not taken out.
   */
  late({ runs, nowMs }: { readonly runs: number; readonly nowMs: number }): Waiting[] {
    const active = [...this.#cameras.values()].filter(
      (lane) => lane.waiting > 0 || lane.askedMs.at(nowMs) > ASKS_NOTHING_MS,
    );
    const weights = active.reduce((sum, { camera }) => sum + camera.weight, 0);
    const doneMs = this.#doneMs.at(nowMs);
    return active.flatMap((lane) => {
      const fairMs = (doneMs * lane.camera.weight) / weights;
      const excess = lane.askedMs.at(nowMs) > fairMs;
      markClients(lane, excess, nowMs);
      return [...lane.clients.values()].flatMap((client) =>
        client.excess ? client.waiting.filter((waiting) => isLate(waiting, runs, nowMs)) : [],
      );
    });
  }

  /** Of a camera and client that asked for more than their share, when a run last began in overload. */
  inExcess({ request }: Waiting): boolean {
    return this.#cameras.get(request.camera)?.clients.get(request.client ?? '')?.excess ?? false;
  }

  /** Overload is over: the oldest go first again. */
  relax(): void {
    for (const { clients } of this.#cameras.values())
      for (const client of clients.values()) client.excess = false;
  }

  #lane(camera: FrameSource): CameraLane {
    const known = this.#cameras.get(camera);
    if (known) return known;
    if (this.#cameras.size >= this.#forgetAt) this.#forgetIdle();
    const lane = new CameraLane(camera, this.#fair.open(), this.#cost, this.#maxPrompts);
    this.#cameras.set(camera, lane);
    return lane;
  }

  #forgetIdle(): void {
    for (const [camera, lane] of this.#cameras) if (lane.waiting === 0) this.#cameras.delete(camera);
    this.#forgetAt = Math.max(MANY_CAMERAS, 2 * this.#cameras.size);
  }
}

function load({ waiting, camera }: CameraLane): number {
  return waiting / camera.weight;
}

interface Queue {
  readonly tag: number;
  readonly fitting: readonly Waiting[];
  readonly at: number;
}

function isBefore(a: Queue, b: Queue | undefined): boolean {
  if (!b || a.tag !== b.tag) return !b || a.tag < b.tag;
  return (a.fitting[a.at]?.order ?? 0) < (b.fitting[b.at]?.order ?? 0);
}

/** A camera's only client has the camera's own share; several have like parts of what the camera got. */
function markClients(lane: CameraLane, excess: boolean, nowMs: number): void {
  const clients = [...lane.clients.values()];
  const active = clients.filter(
    ({ waiting, askedMs }) => waiting.length > 0 || askedMs.at(nowMs) > ASKS_NOTHING_MS,
  ).length;
  const fairMs = lane.doneMs.at(nowMs) / Math.max(1, active);
  for (const client of clients) client.excess = excess && (active === 1 || client.askedMs.at(nowMs) > fairMs);
}

function isLate({ runsBefore, sinceMs }: Waiting, runs: number, nowMs: number): boolean {
  return runsBefore < runs && nowMs - sinceMs > NO_DELAY_MS;
}
