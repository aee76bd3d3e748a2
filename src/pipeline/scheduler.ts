import { SamwireError } from '../errors.js';
import type { FrameChoice } from '../frames/camera.js';
import type { FrameSource } from '../frames/source.js';
import type { NativeFrameInfo } from '../native/types.js';
import type {
  PromptResult,
  Segmenter,
  SegmentPrompt,
  SegmentResult,
  SegmentTiming,
} from '../segment/segmenter.js';
import { BACKGROUND_LIMIT, Background, type BackgroundAnswer, type BackgroundJob } from './background.js';
import { namedFrame, newestFrame, StreamWaits, skewMs, stopping } from './frame-choice.js';
import { Superseded } from './superseded.js';

/** What goes first when the model can't serve all: a prompt before detections, those before tracks, and so on. */
export const REQUEST_KINDS = ['prompt', 'detections', 'track', 'job'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** A prompt of a request; it has the request's `multimask` and `keepLogits` where it says nothing of its own. */
export type RequestPrompt = Omit<SegmentPrompt, 'multimask'> & Partial<Pick<SegmentPrompt, 'multimask'>>;

/** A request for masks on one frame of a camera, or on the picture of a job. */
export interface SchedulerRequest {
  readonly kind: RequestKind;
  readonly camera: FrameSource;
  readonly frame: FrameChoice;
  /** Makes the prompts for the frame that was chosen; called once, when that is known. */
  readonly prompts: (frame: NativeFrameInfo) => readonly RequestPrompt[];
  /** An upper bound of what `prompts` returns. */
  readonly promptCount: number;
  readonly multimask: boolean;
  /** Candidates of a lower predicted IoU are left out of the answer. */
  readonly minScore?: number;
  /** False: no logits are kept of the answer for a later `refine`. */
  readonly keepLogits?: boolean;
  /** Who asks, where that is known: a client's waiting requests are bounded and served as one among the camera's clients. */
  readonly client?: string;
  /**
   * Newest wins: a request replaces one of the same camera, kind and key that still waits, which rejects with
   * {@link Superseded} (code `overloaded`). Whoever submits decides whether that is told to anybody.
   */
  readonly supersedes?: string;
  /** Arrival, ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** Not begun this long after its arrival, the request is refused as `expired`. */
  readonly maxAgeMs: number;
  /** Called while the answer's frame is still held: the place to retain it. */
  readonly onAnswer?: (frame: NativeFrameInfo) => void;
}

export interface SchedulerAnswer {
  readonly frame: NativeFrameInfo;
  /** Chosen minus requested capture time; 0 unless the request named a timestamp. */
  readonly skewMs: number;
  /** `results[i]` answers the request's prompt i. */
  readonly results: readonly PromptResult[];
  readonly prompts: readonly RequestPrompt[];
  /** Capture to the request's arrival or, if later, to the frame's. */
  readonly ageMs: number;
  /** From then until the segmenter took it. */
  readonly queueMs: number;
  readonly timing: SegmentTiming;
  /** When the segmenter's answer was there, ms since the Unix epoch. */
  readonly answeredAtMs: number;
}

export interface SchedulerOptions {
  readonly segmenter: Segmenter;
  readonly releaseFrame: (id: number) => void;
  /** Requests that may wait; one more drops the oldest, whose sender is told `overloaded`. */
  readonly queueLimit: number;
  /** Prompts that share one decoder batch. */
  readonly maxPrompts: number;
  /** Background jobs that were requested and may wait (`BACKGROUND_LIMIT`). */
  readonly backgroundLimit?: number;
  /** A run found the device lost: its senders are told already, and no later run will do better. */
  readonly onDeviceFailed: (error: SamwireError) => void;
  readonly now?: () => number;
}

interface Job {
  readonly request: SchedulerRequest;
  /** Held from the start where the request names a frame, so that waiting cannot evict it. */
  readonly pinned: NativeFrameInfo | null;
  readonly resolve: (answer: SchedulerAnswer) => void;
  readonly reject: (error: SamwireError) => void;
}

/** Requests that the segmenter answers together. */
interface Run {
  readonly jobs: readonly Job[];
  readonly frame: NativeFrameInfo;
}

interface BegunRun extends Run {
  /** `prompts[i]` are those of `jobs[i]`. */
  readonly prompts: readonly (readonly RequestPrompt[])[];
  readonly startedAtMs: number;
}

/**
 * Decides what the segmenter does next: as many runs at a time as it is worth handing over, oldest request first, on
 * the newest frame at that moment (or on the frame that the request names). Waiting requests for the same frame join
 * the run, so that a frame is encoded once and its prompts are decoded together. Background work gets a turn when no
 * request waits.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #queue: Job[] = [];
  readonly #streamWaits: StreamWaits;
  readonly #running = new Set<Run>();
  readonly #background: Background;
  /** A turn of the background work has the segmenter. Never two, so that a prompt waits for one at most. */
  #inTurn = false;
  #closed = false;
  #abandoned = false;

  constructor(options: SchedulerOptions) {
    const { segmenter, releaseFrame, maxPrompts, onDeviceFailed, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#streamWaits = new StreamWaits(options.queueLimit);
    this.#background = new Background({
      segmenter,
      releaseFrame,
      maxPrompts,
      onDeviceFailed,
      now,
      limit: options.backgroundLimit ?? BACKGROUND_LIMIT,
      onWanted: () => this.#pump(),
    });
  }

  /** Requests for prompts that wait. */
  get length(): number {
    return this.#queue.length + this.#streamWaits.length;
  }

  /** Background jobs that wait or run. */
  get backgroundJobs(): number {
    return this.#background.length;
  }

  /**
   * @throws SamwireError `no_frame`, `frame_evicted`, `expired`, `overloaded`, or what the segmenter rejects with.
   */
  async submit(request: SchedulerRequest): Promise<SchedulerAnswer> {
    if (request.frame === 'latest') await this.#waitForStream(request);
    if (this.#closed) throw stopping();
    const pinned = request.frame === 'latest' ? null : namedFrame(request.camera, request.frame);
    this.#supersede(request);
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, pinned, resolve, reject });
      if (this.#queue.length > this.#options.queueLimit) this.#dropOldest();
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
    if (job.frame === 'latest') await this.#waitForStream(job);
    if (this.#closed) throw stopping();
    return this.#background.submit(job);
  }

  /** Refuses what waits. The runs in progress may end within `graceMs`; then their senders are refused too. */
  close({ graceMs }: { readonly graceMs: number }): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#streamWaits.close();
    this.#background.close();
    for (const job of this.#queue.splice(0)) this.#refuse(job, stopping());
    setTimeout(() => {
      this.#abandoned = true;
      for (const { jobs } of this.#running) for (const job of jobs) job.reject(stopping());
    }, graceMs).unref();
  }

  /** A camera that does not stream gets until the request's deadline to deliver a frame. */
  #waitForStream(request: Pick<SchedulerRequest, 'camera' | 'receivedAtMs' | 'maxAgeMs'>): Promise<void> {
    const { camera, receivedAtMs, maxAgeMs } = request;
    return this.#streamWaits.wait({ camera, timeoutMs: receivedAtMs + maxAgeMs - this.#now() });
  }

  #supersede({ camera, kind, supersedes }: SchedulerRequest): void {
    if (supersedes === undefined) return;
    const place = this.#queue.findIndex(
      ({ request }) =>
        request.camera === camera && request.kind === kind && request.supersedes === supersedes,
    );
    const [older] = place < 0 ? [] : this.#queue.splice(place, 1);
    if (older) this.#refuse(older, new Superseded(camera.name));
  }

  #dropOldest(): void {
    const oldest = this.#queue.shift();
    if (!oldest) return;
    this.#refuse(
      oldest,
      new SamwireError(
        'overloaded',
        `More than ${this.#options.queueLimit} requests were waiting, and this was the oldest. Send fewer prompts a second.`,
      ),
    );
  }

  #refuse(job: Job, error: SamwireError): void {
    if (job.pinned) this.#options.releaseFrame(job.pinned.id);
    job.reject(error);
  }

  #pump(): void {
    while (this.#running.size + (this.#inTurn ? 1 : 0) < this.#options.segmenter.runsAtOnce) {
      const job = this.#queue.shift();
      if (job) {
        const run = this.#begin(job);
        if (run) void this.#serve(run);
        continue;
      }
      const turn = this.#inTurn ? undefined : this.#background.next();
      if (!turn) return;
      void this.#give(turn);
    }
  }

  async #give(turn: () => Promise<void>): Promise<void> {
    this.#inTurn = true;
    await turn();
    this.#inTurn = false;
    this.#pump();
  }

  /** The next run, with all that it can answer; nothing where its first request is refused. */
  #begin(first: Job): Run | undefined {
    if (this.#expired(first)) return undefined;
    try {
      const frame = first.pinned ?? newestFrame(first.request.camera);
      return { jobs: [first, ...this.#takeMates(first, frame)], frame };
    } catch (thrown) {
      first.reject(thrown as SamwireError);
      return undefined;
    }
  }

  async #serve(run: Run): Promise<void> {
    const { jobs, frame } = run;
    this.#running.add(run);
    const startedAtMs = this.#now();
    try {
      const prompts = jobs.map((job) => job.request.prompts(frame));
      const answer = await this.#options.segmenter.segment({
        frame,
        prompts: jobs.flatMap((job, i) =>
          (prompts[i] ?? []).map((prompt) => segmentPrompt(prompt, job.request)),
        ),
      });
      if (!this.#abandoned) this.#answer({ ...run, prompts, startedAtMs }, answer);
    } catch (thrown) {
      for (const job of jobs) job.reject(thrown as SamwireError);
      if (thrown instanceof SamwireError && thrown.code === 'device_failed')
        this.#options.onDeviceFailed(thrown);
    } finally {
      this.#running.delete(run);
      for (const job of jobs) if (job.pinned) this.#options.releaseFrame(job.pinned.id);
      if (!jobs[0]?.pinned) this.#options.releaseFrame(frame.id);
      this.#pump();
    }
  }

  #answer({ jobs, frame, prompts, startedAtMs }: BegunRun, { results, timing }: SegmentResult): void {
    const answeredAtMs = this.#now();
    let offset = 0;
    for (const [i, job] of jobs.entries()) {
      const own = prompts[i] ?? [];
      const arrivedAtMs = Math.max(job.request.receivedAtMs, frame.timestamp);
      job.request.onAnswer?.(frame);
      job.resolve({
        frame,
        skewMs: skewMs(job.request.frame, frame),
        prompts: own,
        results: results.slice(offset, offset + own.length).map((result) => sureOf(result, job.request)),
        ageMs: arrivedAtMs - frame.timestamp,
        queueMs: Math.max(0, startedAtMs - arrivedAtMs),
        timing,
        answeredAtMs,
      });
      offset += own.length;
    }
  }

  /** Waiting requests that the same run can answer, as long as their prompts fit into it. */
  #takeMates(first: Job, frame: NativeFrameInfo): Job[] {
    const mates: Job[] = [];
    let room = this.#options.maxPrompts - first.request.promptCount;
    for (let i = 0; i < this.#queue.length && room > 0; ) {
      const job = this.#queue[i];
      const fits =
        job !== undefined &&
        job.request.camera === first.request.camera &&
        job.request.promptCount <= room &&
        (job.pinned ? job.pinned.id === frame.id : !first.pinned);
      if (!fits) {
        i += 1;
        continue;
      }
      this.#queue.splice(i, 1);
      if (this.#expired(job)) continue;
      room -= job.request.promptCount;
      mates.push(job);
    }
    return mates;
  }

  #expired(job: Job): boolean {
    const waitedMs = this.#now() - job.request.receivedAtMs;
    if (waitedMs <= job.request.maxAgeMs) return false;
    this.#refuse(
      job,
      new SamwireError(
        'expired',
        `The request waited ${Math.round(waitedMs)} ms, longer than its ${job.request.maxAgeMs} ms.`,
      ),
    );
    return true;
  }
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
