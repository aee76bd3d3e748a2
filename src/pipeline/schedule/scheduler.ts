import type { Logger } from 'pino';
import { wallClockMs } from '../../clock.js';
import { SamwireError } from '../../errors.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type {
  PromptResult,
  Segmenter,
  SegmentPrompt,
  SegmentResult,
  SegmentTiming,
} from '../../segment/segmenter.js';
import { BACKGROUND_LIMIT, Background, type BackgroundAnswer, type BackgroundJob } from './background.js';
import { DeadlineTimer } from './deadline-timer.js';
import { namedFrame, newestFrame, skewMs, stopping } from './frame-choice.js';
import { KindOrder, type Level } from './kind-order.js';
import { type Refusal, refusalOf, withdrawn } from './refusals.js';
import {
  REQUEST_KINDS,
  type RequestKind,
  type RequestPrompt,
  type SchedulerAnswer,
  type SchedulerRequest,
  type Waiting,
} from './request.js';
import { type Batch, type FrameTaken, RequestQueue } from './request-queue.js';
import { RunCost } from './run-cost.js';
import { RunWatch } from './run-watch.js';
import { SchedulerStats } from './stats.js';
import { StreamWaits } from './stream-waits.js';

export interface SchedulerOptions {
  readonly segmenter: Segmenter;
  readonly releaseFrame: (id: number) => void;
  /** Requests of a kind that may wait; one more, and the oldest of whoever waits with most is told `overloaded`. */
  readonly queueLimit: number;
  /** Prompts that share one decoder batch. */
  readonly maxPrompts: number;
  /** Background jobs that were requested and may wait (`BACKGROUND_LIMIT`). */
  readonly backgroundLimit?: number;
  /** A run found the device lost: its senders are told already, and no later run will do better. */
  readonly onDeviceFailed: (error: SamwireError) => void;
  readonly log?: Pick<Logger, 'warn' | 'info'>;
  /** The wall clock; durations are measured on a monotonic one, where none is given. */
  readonly now?: () => number;
}

/** Requests that the segmenter answers together. */
interface Run {
  readonly batch: Batch;
  readonly frame: NativeFrameInfo;
  /** On the wall clock, and on the monotonic one. */
  readonly startedAtMs: number;
  readonly sinceMs: number;
}

/**
 * Decides what the segmenter does next (docs/scheduling.md): prompts before detections, tracks, jobs and background work,
 * cameras by weight, and the newest frame at that moment (or the frame that the request names). Waiting requests for
 * the same frame join the run, so that a frame is encoded once and its prompts are decoded together.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #monotonicNow: () => number;
  readonly #cost = new RunCost();
  readonly #queue: RequestQueue;
  readonly #order = new KindOrder();
  readonly #stats: SchedulerStats;
  readonly #deadlines: DeadlineTimer;
  readonly #streamWaits: StreamWaits;
  readonly #running = new Set<Run>();
  readonly #watch: RunWatch;
  readonly #background: Background;
  /** A turn of the background work has the segmenter. Never two, so that a prompt waits for one at most. */
  #inTurn = false;
  /** Requests that came, and runs and turns that were begun. */
  #requests = 0;
  #runs = 0;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  #idleSinceMs: number | undefined;
  #closed = false;
  #abandoned = false;

  constructor(options: SchedulerOptions) {
    const { segmenter, releaseFrame, maxPrompts, onDeviceFailed, now = wallClockMs, log } = options;
    this.#options = options;
    this.#now = now;
    this.#monotonicNow = options.now ?? (() => performance.now());
    this.#watch = new RunWatch(this.#monotonicNow);
    this.#stats = new SchedulerStats(log);
    this.#streamWaits = new StreamWaits(options.queueLimit);
    this.#deadlines = new DeadlineTimer(() => this.#expire(), this.#monotonicNow);
    this.#queue = new RequestQueue({
      limit: options.queueLimit,
      maxPrompts,
      cost: this.#cost,
      refuse: (waiting, why) => this.#refuse(waiting, why),
      onOverload: (kind, overloaded) => this.#stats.overload(kind, overloaded),
    });
    this.#background = new Background({
      segmenter,
      releaseFrame,
      maxPrompts,
      onDeviceFailed,
      now,
      monotonicNow: this.#monotonicNow,
      limit: options.backgroundLimit ?? BACKGROUND_LIMIT,
      onWanted: () => this.#pump(),
    });
  }

  /** Everything is refused, because the service ends. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Requests for prompts that wait. */
  get length(): number {
    return this.#queue.length + this.#streamWaits.length;
  }

  /** Background jobs that wait or run. */
  get backgroundJobs(): number {
    return this.#background.length;
  }

  /** Runs and turns of background work that have not ended, and how long others took. */
  get runs(): RunWatch['vitals'] {
    return this.#watch.vitals;
  }

  /** What `<base>/stats` tells of it. */
  stats() {
    this.#queue.observe(this.#monotonicNow());
    const byKind = <T>(of: (kind: RequestKind) => T): Record<string, T> =>
      Object.fromEntries(REQUEST_KINDS.map((kind) => [kind, of(kind)]));
    return {
      waiting: byKind((kind) => this.#queue.waiting(kind)),
      waitingForFrame: this.#streamWaits.length,
      ...this.#stats.snapshot(),
      overloaded: REQUEST_KINDS.filter((kind) => this.#queue.overload(kind).overloaded),
      overloads: byKind((kind) => this.#queue.overload(kind).entered),
      runMs: this.#cost.runMs,
    };
  }

  /**
   * @throws SamwireError `no_frame`, `frame_evicted`, `expired`, `overloaded`, or what the segmenter rejects with.
   */
  async submit(request: SchedulerRequest): Promise<SchedulerAnswer> {
    const arrivedMs = this.#monotonic(request.receivedAtMs);
    const dueMs = arrivedMs + request.maxAgeMs;
    if (request.frame === 'latest') await this.#waitForStream(request);
    if (this.#closed) throw stopping();
    const { signal } = request;
    if (signal?.aborted) throw withdrawn();
    const pinned = request.frame === 'latest' ? null : namedFrame(request.camera, request.frame);
    return new Promise((resolve, reject) => {
      const sinceMs = this.#monotonicNow();
      const order = this.#requests++;
      const waiting = {
        request,
        pinned,
        resolve,
        reject,
        order,
        runsBefore: this.#runs,
        sinceMs,
        arrivedMs,
        dueMs,
      };
      this.#queue.push(waiting, sinceMs);
      this.#deadlines.by(dueMs);
      signal?.addEventListener('abort', () => this.#queue.withdraw(waiting), { once: true });
      this.#pump();
    });
  }

  /**
   * Long work, in turns that any waiting request goes before; one job at a time. Waits for a camera that does not
   * stream until `maxAgeMs` after the job's arrival.
   * @throws SamwireError `no_frame`, `frame_evicted`, `expired`, `overloaded`, or what the job's work rejects with.
   */
  async submitBackground<T>(
    job: BackgroundJob<T> & Pick<SchedulerRequest, 'maxAgeMs'>,
  ): Promise<BackgroundAnswer<T>> {
    const dueMs = this.#monotonic(job.beginByMs ?? Number.POSITIVE_INFINITY);
    if (job.frame === 'latest') await this.#waitForStream(job);
    if (this.#closed) throw stopping();
    this.#deadlines.by(dueMs);
    return this.#background.submit(job, dueMs);
  }

  /** Refuses what waits. The runs in progress may end within `graceMs`; then their senders are refused too. */
  close({ graceMs }: { readonly graceMs: number }): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#deadlines.clear();
    this.#streamWaits.close();
    this.#background.close();
    for (const waiting of this.#queue.clear()) this.#reject(waiting, stopping());
    setTimeout(() => {
      this.#abandoned = true;
      for (const { batch } of this.#running) for (const { reject } of batch.requests) reject(stopping());
    }, graceMs).unref();
  }

  /** A camera that does not stream gets until the request's deadline to deliver a frame. */
  #waitForStream(
    request: Pick<SchedulerRequest, 'camera' | 'receivedAtMs' | 'maxAgeMs' | 'signal'>,
  ): Promise<void> {
    const { camera, receivedAtMs, maxAgeMs, signal } = request;
    const timeoutMs = receivedAtMs + maxAgeMs - this.#now();
    return this.#streamWaits.wait({ camera, timeoutMs, ...(signal === undefined ? {} : { signal }) });
  }

  /** That time of the wall clock, as long as nobody sets it. */
  #monotonic(wallMs: number): number {
    return this.#monotonicNow() + (wallMs - this.#now());
  }

  #expire(): void {
    this.#deadlines.clear();
    this.#deadlines.by(Math.min(this.#queue.expire(this.#monotonicNow()), this.#background.expire()));
  }

  #refuse(waiting: Waiting, why: Refusal): void {
    const { request, arrivedMs } = waiting;
    const nowMs = this.#monotonicNow();
    this.#stats.refused(why, request, nowMs);
    const waitedMs = nowMs - arrivedMs;
    this.#reject(waiting, refusalOf(why, request, { limit: this.#options.queueLimit, waitedMs }));
  }

  #reject({ pinned, reject }: Waiting, error: SamwireError): void {
    if (pinned) this.#options.releaseFrame(pinned.id);
    reject(error);
  }

  #pump(): void {
    while (this.#running.size + (this.#inTurn ? 1 : 0) < this.#options.segmenter.runsAtOnce) {
      const nowMs = this.#monotonicNow();
      if (this.#deadlines.due) this.#expire();
      this.#queue.refuseLate(this.#runs, nowMs);
      const level = this.#order.next((of) => this.#ready(of), nowMs);
      this.#noteIdle(level === undefined, nowMs);
      if (level === undefined) return;
      if (level === 'everything') void this.#give(nowMs);
      else this.#beginNext(level, nowMs);
    }
  }

  #ready(level: Level): boolean {
    if (level === 'everything') return !this.#inTurn && this.#background.wantsTurn;
    return this.#queue.waiting(level) > 0;
  }

  #noteIdle(idle: boolean, nowMs: number): void {
    if (this.#idleSinceMs !== undefined) this.#queue.idle(nowMs - this.#idleSinceMs);
    this.#idleSinceMs = idle && this.#running.size === 0 && !this.#inTurn ? nowMs : undefined;
    if (idle) this.#queue.observe(nowMs);
  }

  async #give(nowMs: number): Promise<void> {
    const turn = this.#background.next();
    if (!turn) return;
    this.#inTurn = true;
    this.#runs += 1;
    this.#queue.observe(nowMs);
    this.#watch.begin(turn);
    await turn();
    this.#watch.end(turn);
    this.#inTurn = false;
    const endedAtMs = this.#monotonicNow();
    this.#endedAtMs = endedAtMs;
    this.#order.ended('everything', { tookMs: endedAtMs - nowMs, nowMs: endedAtMs });
    this.#pump();
  }

  /** The run of the request that goes first, with all that it can answer; nothing where that one is refused. */
  #beginNext(kind: RequestKind, nowMs: number): void {
    const first = this.#queue.next(kind);
    if (!first) return;
    try {
      const taken = this.#frameFor(first);
      const batch = this.#queue.begin(first, taken, nowMs);
      this.#runs += 1;
      this.#queue.observe(nowMs);
      const startedAtMs = this.#now() - (this.#monotonicNow() - nowMs);
      void this.#serve({ batch, frame: taken.frame, startedAtMs, sinceMs: nowMs });
    } catch (thrown) {
      this.#queue.remove(first);
      first.reject(thrown as SamwireError);
    }
  }

  #frameFor({ pinned, request: { camera } }: Waiting): FrameTaken {
    if (!pinned) return { frame: newestFrame(camera), newest: true };
    const newest = camera.acquire('latest');
    if (newest) this.#options.releaseFrame(newest.id);
    return { frame: pinned, newest: newest?.id === pinned.id };
  }

  async #serve(run: Run): Promise<void> {
    const { requests } = run.batch;
    const { frame } = run;
    this.#running.add(run);
    this.#watch.begin(run);
    let timing: SegmentTiming | undefined;
    let count = 0;
    try {
      const prompts = requests.map(({ request }) => request.prompts(frame));
      const asked = requests.flatMap(({ request }, i) =>
        (prompts[i] ?? []).map((prompt) => segmentPrompt(prompt, request)),
      );
      count = asked.length;
      const answer = await this.#options.segmenter.segment({ frame, prompts: asked });
      timing = answer.timing;
      if (!this.#abandoned) this.#answer(run, prompts, answer);
    } catch (thrown) {
      for (const { reject } of requests) reject(thrown as SamwireError);
      if (thrown instanceof SamwireError && thrown.code === 'device_failed')
        this.#options.onDeviceFailed(thrown);
    } finally {
      this.#running.delete(run);
      this.#watch.end(run);
      for (const { pinned } of requests) if (pinned) this.#options.releaseFrame(pinned.id);
      if (!requests[0]?.pinned) this.#options.releaseFrame(frame.id);
      this.#account(run, count, timing);
      this.#pump();
    }
  }

  /** What the run took, since the one before it ended: two may be at work, one behind the other. */
  #account({ batch, sinceMs }: Run, prompts: number, timing: SegmentTiming | undefined): void {
    const nowMs = this.#monotonicNow();
    const tookMs = nowMs - Math.max(sinceMs, this.#endedAtMs);
    this.#endedAtMs = nowMs;
    this.#cost.note(prompts, tookMs, timing);
    this.#queue.end(batch, tookMs);
    for (const { request, sinceMs: cameAtMs } of batch.requests)
      this.#stats.served(request.kind, sinceMs - cameAtMs);
    const level = batch.requests[0]?.request.kind;
    if (level) this.#order.ended(level, { tookMs, nowMs });
  }

  #answer(
    { batch, frame, startedAtMs, sinceMs }: Run,
    prompts: readonly (readonly RequestPrompt[])[],
    { results, timing }: SegmentResult,
  ): void {
    const answeredAtMs = this.#now();
    const waitedMs = untoldMs(timing, this.#monotonicNow() - sinceMs);
    let offset = 0;
    for (const [i, { request, resolve, arrivedMs: cameMs }] of batch.requests.entries()) {
      const own = prompts[i] ?? [];
      const arrivedAtMs = Math.max(request.receivedAtMs, frame.timestamp);
      // By the monotonic clock where that is less: the wall clock may have been set meanwhile.
      const queueMs = Math.min(startedAtMs - arrivedAtMs, sinceMs - cameMs);
      request.onAnswer?.(frame);
      resolve({
        frame,
        skewMs: skewMs(request.frame, frame),
        prompts: own,
        results: results.slice(offset, offset + own.length).map((result) => sureOf(result, request)),
        ageMs: arrivedAtMs - frame.timestamp,
        queueMs: Math.max(0, queueMs) + waitedMs,
        timing,
        answeredAtMs,
      });
      offset += own.length;
    }
  }
}

/**
 * What a run took beside the stages that the segmenter tells: waiting behind another run on the device, and the way to the
 * model's thread and back.
 */
function untoldMs({ prepareMs, encodeMs, decodeMs, maskMs }: SegmentTiming, tookMs: number): number {
  return Math.max(0, tookMs - prepareMs - encodeMs - decodeMs - maskMs);
}

function segmentPrompt(
  prompt: RequestPrompt,
  { multimask, keepLogits }: Pick<SchedulerRequest, 'multimask' | 'keepLogits'>,
): SegmentPrompt {
  return { multimask, ...(keepLogits === undefined ? {} : { keepLogits }), ...prompt };
}

/** A run is shared by requests of different `minScore`, so each leaves out its own. */
function sureOf(result: PromptResult, { minScore }: Pick<SchedulerRequest, 'minScore'>): PromptResult {
  if (minScore === undefined || 'error' in result) return result;
  return { candidates: result.candidates.filter(({ score }) => !(score < minScore)) };
}
