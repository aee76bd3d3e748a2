/** Long work that takes the model in short turns, whenever no prompt from outside waits for it. */
import { SamwireError, toSamwireError } from '../../errors.js';
import type { FrameChoice } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { Segmenter, SegmentRequest, SegmentResult } from '../../segment/segmenter.js';
import { ChunkSize } from './chunk-size.js';
import { type Account, charge, FairShare } from './fair-share.js';
import { namedFrame, newestFrame, skewMs, stopping } from './frame-choice.js';
import { withdrawn } from './refusals.js';

/** Each takes the model for seconds on a CPU; who is behind so many had better ask again later. */
export const BACKGROUND_LIMIT = 4;

/** What a job works with, for as long as it runs. */
export interface BackgroundWork {
  /** Held until the job and its last turn have ended. */
  readonly frame: NativeFrameInfo;
  /** Aborted when the node stops, and when the job has ended. */
  readonly signal: AbortSignal;
  /** The segmenter's own, but in chunks: each waits for its turn. No logits are kept for `refine`. */
  readonly segment: (request: SegmentRequest) => Promise<SegmentResult>;
  /** Anything else that keeps the model's device busy, as one turn: it should be short. */
  readonly turn: <T>(task: () => Promise<T>) => Promise<T>;
}

export interface BackgroundJob<T> {
  readonly camera: FrameSource;
  readonly frame: FrameChoice;
  /** Somebody waits for the answer: it goes before what nobody asked for, and counts against the limit. */
  readonly requested: boolean;
  /** Arrival, ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** Not begun by then, it is refused as `expired`. ms since the Unix epoch. */
  readonly beginByMs?: number;
  /** Aborted when nobody waits for the answer any more: the job gets no further turn. */
  readonly signal?: AbortSignal;
  readonly work: (work: BackgroundWork) => Promise<T>;
  /** Called while the answer's frame is still held: the place to retain it. */
  readonly onAnswer?: (frame: NativeFrameInfo) => void;
}

export interface BackgroundAnswer<T> {
  readonly value: T;
  readonly frame: NativeFrameInfo;
  /** Chosen minus requested capture time; 0 unless the job named a timestamp. */
  readonly skewMs: number;
  /** Capture to the request's arrival or, if later, to the frame's. */
  readonly ageMs: number;
  /** From then until the job began, and between its turns. */
  readonly queueMs: number;
  /** From its begin to its end, without what `queueMs` counts. */
  readonly workMs: number;
  /** ms since the Unix epoch. */
  readonly answeredAtMs: number;
}

export interface BackgroundOptions {
  readonly segmenter: Segmenter;
  readonly releaseFrame: (id: number) => void;
  /** Requested jobs that may wait; one more is refused as `overloaded`. Others are bounded by who submits them. */
  readonly limit: number;
  readonly maxPrompts: number;
  readonly now: () => number;
  readonly monotonicNow: () => number;
  /** A turn found the device lost. */
  readonly onDeviceFailed: (error: SamwireError) => void;
  /** A turn is wanted: the scheduler takes it by `next()` when it has nothing better to do. */
  readonly onWanted: () => void;
}

interface Waiting {
  readonly job: BackgroundJob<unknown>;
  /** `beginByMs` on the monotonic clock. */
  readonly dueMs: number;
  /** Held from the start where the job names a frame. */
  readonly pinned: NativeFrameInfo | null;
  readonly resolve: (answer: BackgroundAnswer<unknown>) => void;
  readonly reject: (error: SamwireError) => void;
}

interface Current extends Waiting {
  readonly abort: AbortController;
  /** For turns, so far. */
  waitedMs: number;
  turnEndedAtMs: number;
}

interface Turn {
  readonly run: () => Promise<void>;
  readonly refuse: (error: SamwireError) => void;
}

/**
 * One job at a time: requested ones first, then of the camera that has had the least of the model's time for its weight, then
 * the one that came first. The scheduler gives it its turns.
 */
export class Background {
  readonly #options: BackgroundOptions;
  readonly #chunk: ChunkSize;
  readonly #waiting: Waiting[] = [];
  readonly #fair = new FairShare();
  readonly #accounts = new WeakMap<FrameSource, Account>();
  /** Of the current job: as many as it asks for before it awaits one. */
  readonly #turns: Turn[] = [];
  #current: Current | null = null;
  /** The turn that has the model now. */
  #inTurn: Promise<void> = Promise.resolve();

  constructor(options: BackgroundOptions) {
    this.#options = options;
    this.#chunk = new ChunkSize(options.maxPrompts);
  }

  /** Jobs that wait or run. */
  get length(): number {
    return this.#waiting.length + (this.#current ? 1 : 0);
  }

  get wantsTurn(): boolean {
    return this.#turns.length > 0;
  }

  /** @throws SamwireError `no_frame`, `frame_evicted`, `expired`, `overloaded`, or what the job's work rejects with. */
  submit<T>(job: BackgroundJob<T>, dueMs: number): Promise<BackgroundAnswer<T>> {
    const requested = this.#waiting.filter((waiting) => waiting.job.requested).length;
    if (job.requested && requested >= this.#options.limit)
      throw new SamwireError(
        'overloaded',
        `${requested} requests to segment everything wait already; send this one again later.`,
      );
    if (job.signal?.aborted) throw withdrawn();
    const pinned = job.frame === 'latest' ? null : namedFrame(job.camera, job.frame);
    return new Promise((resolve, reject) => {
      job.signal?.addEventListener('abort', () => this.#withdraw(waiting), { once: true });
      const waiting = { job, dueMs, pinned, resolve: resolve as Waiting['resolve'], reject };
      if (job.requested) this.#waiting.splice(requested, 0, waiting);
      else this.#waiting.push(waiting);
      const { weight } = job.camera;
      this.#fair.join(this.#account(job.camera), { weight, runMs: 0 });
      this.#startNext();
    });
  }

  /** The next turn, to be run at once; undefined when none is wanted. It never rejects. */
  next(): (() => Promise<void>) | undefined {
    const turn = this.#turns.shift();
    return (
      turn &&
      (() => {
        this.#inTurn = turn.run();
        return this.#inTurn;
      })
    );
  }

  /** Refuses the jobs that wait and were to be begun by now; when the next one will have to be. */
  expire(): number {
    const nowMs = this.#options.monotonicNow();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const waiting of [...this.#waiting]) {
      if (nowMs <= waiting.dueMs) {
        nextMs = Math.min(nextMs, waiting.dueMs);
        continue;
      }
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      this.#refuse(waiting, new SamwireError('expired', 'The request expired before its turn came.'));
    }
    return nextMs;
  }

  /** Refuses what waits and what runs; the turn that has the model goes on to its end. */
  close(): void {
    for (const waiting of this.#waiting.splice(0)) this.#refuse(waiting, stopping());
    this.#end(stopping());
  }

  #withdraw(waiting: Waiting): void {
    const place = this.#waiting.indexOf(waiting);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#refuse(waiting, withdrawn());
    } else if (this.#current?.job === waiting.job) this.#end(withdrawn());
  }

  /** Of the job that runs. */
  #end(error: SamwireError): void {
    for (const turn of this.#turns.splice(0)) turn.refuse(error);
    this.#current?.abort.abort(error);
    this.#current?.reject(error);
  }

  #refuse({ pinned, reject }: Waiting, error: SamwireError): void {
    if (pinned) this.#options.releaseFrame(pinned.id);
    reject(error);
  }

  #startNext(): void {
    if (!this.#current) this.expire();
    while (!this.#current) {
      const next = this.#takeNext();
      if (!next) return;
      const { camera } = next.job;
      try {
        const frame = next.pinned ?? newestFrame(camera);
        void this.#run({ ...next, abort: new AbortController(), waitedMs: 0, turnEndedAtMs: 0 }, frame);
      } catch (thrown) {
        next.reject(toSamwireError(thrown));
      }
    }
  }

  #takeNext(): Waiting | undefined {
    const [head] = this.#waiting;
    if (!head) return undefined;
    let next = head;
    for (const waiting of this.#waiting) {
      if (waiting.job.requested !== head.job.requested) break;
      if (this.#account(waiting.job.camera).tag < this.#account(next.job.camera).tag) next = waiting;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#fair.begin(this.#account(next.job.camera), { weight: next.job.camera.weight, ms: 0 });
    return next;
  }

  #account(camera: FrameSource): Account {
    const known = this.#accounts.get(camera);
    if (known) return known;
    const account = this.#fair.open();
    this.#accounts.set(camera, account);
    return account;
  }

  async #run(current: Current, frame: NativeFrameInfo): Promise<void> {
    const { now, monotonicNow, releaseFrame } = this.#options;
    const { job } = current;
    this.#current = current;
    const beganAtMs = now();
    const sinceMs = monotonicNow();
    try {
      const value = await job.work({
        frame,
        signal: current.abort.signal,
        segment: (request) => this.#inChunks(current, request),
        turn: (task) => this.#turn(current, task),
      });
      if (current.abort.signal.aborted) return;
      const answeredAtMs = now();
      const arrivedAtMs = Math.max(job.receivedAtMs, frame.timestamp);
      job.onAnswer?.(frame);
      current.resolve({
        value,
        frame,
        skewMs: skewMs(job.frame, frame),
        ageMs: arrivedAtMs - frame.timestamp,
        queueMs: Math.max(0, beganAtMs - arrivedAtMs) + current.waitedMs,
        workMs: Math.max(0, monotonicNow() - sinceMs - current.waitedMs),
        answeredAtMs,
      });
    } catch (thrown) {
      current.reject(toSamwireError(thrown));
    } finally {
      // What nobody awaits any more gets no further turn: its frame is about to go.
      current.abort.abort();
      for (const turn of this.#turns.splice(0)) turn.refuse(stopping());
      await this.#inTurn;
      releaseFrame(frame.id);
      this.#current = null;
      this.#startNext();
    }
  }

  async #inChunks(current: Current, request: SegmentRequest): Promise<SegmentResult> {
    const parts: SegmentResult[] = [];
    let done = 0;
    do {
      const prompts = request.prompts.slice(done, done + this.#chunk.prompts);
      const part = await this.#turn(current, () =>
        this.#options.segmenter.segment({ ...request, prompts, keepLogits: false }),
      );
      this.#chunk.note(prompts.length, part.timing);
      parts.push(part);
      done += prompts.length;
    } while (done < request.prompts.length);
    return merged(parts);
  }

  #turn<T>(current: Current, task: () => Promise<T>): Promise<T> {
    if (current.abort.signal.aborted) return Promise.reject(stopping());
    const { now, onDeviceFailed } = this.#options;
    const askedAtMs = now();
    return new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        const beganAtMs = now();
        current.waitedMs += Math.max(0, beganAtMs - Math.max(askedAtMs, current.turnEndedAtMs));
        try {
          resolve(await task());
        } catch (thrown) {
          reject(thrown);
          if (thrown instanceof SamwireError && thrown.code === 'device_failed') onDeviceFailed(thrown);
        } finally {
          current.turnEndedAtMs = now();
          const { camera } = current.job;
          const ms = Math.max(0, current.turnEndedAtMs - beganAtMs);
          charge(this.#account(camera), { weight: camera.weight, ms });
        }
      };
      this.#turns.push({ run, refuse: reject });
      this.#options.onWanted();
    });
  }
}

/** The results in order; the stages' times summed up. Reused is the embedding where the first part found it. */
function merged(parts: readonly SegmentResult[]): SegmentResult {
  const sum = (stage: 'prepareMs' | 'encodeMs' | 'decodeMs' | 'maskMs'): number =>
    parts.reduce((total, { timing }) => total + timing[stage], 0);
  return {
    results: parts.flatMap(({ results }) => results),
    timing: {
      prepareMs: sum('prepareMs'),
      encodeMs: sum('encodeMs'),
      decodeMs: sum('decodeMs'),
      maskMs: sum('maskMs'),
      embeddingReused: parts[0]?.timing.embeddingReused ?? false,
    },
  };
}
