import { SamwireError } from '../errors.js';
import type { Camera, FrameChoice } from '../frames/camera.js';
import type { NativeFrameInfo } from '../native/types.js';
import type { FramePrompt } from '../prompts/types.js';
import type { PromptResult, Segmenter, SegmentResult, SegmentTiming } from '../segment/segmenter.js';

/** A request for masks on one camera's frame. */
export interface SchedulerRequest {
  readonly camera: Camera;
  readonly frame: FrameChoice;
  /** Makes the prompts for the frame that was chosen; called once, when that is known. */
  readonly prompts: (frame: NativeFrameInfo) => readonly FramePrompt[];
  /** An upper bound of what `prompts` returns. */
  readonly promptCount: number;
  readonly multimask: boolean;
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
  readonly prompts: readonly FramePrompt[];
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
  readonly prompts: readonly (readonly FramePrompt[])[];
  readonly startedAtMs: number;
}

/**
 * Decides what the segmenter does next: as many runs at a time as it is worth handing over, oldest request first, on
 * the newest frame at that moment (or on the frame that the request names). Waiting requests for the same frame join
 * the run, so that a frame is encoded once and its prompts are decoded together.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #queue: Job[] = [];
  #waitingForFrame = 0;
  readonly #running = new Set<Run>();
  #closed = false;
  #abandoned = false;
  #tellClosed: () => void = () => undefined;
  readonly #closing = new Promise<void>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get length(): number {
    return this.#queue.length + this.#waitingForFrame;
  }

  /**
   * @throws SamwireError `no_frame`, `frame_evicted`, `expired`, `overloaded`, or what the segmenter rejects with.
   */
  async submit(request: SchedulerRequest): Promise<SchedulerAnswer> {
    if (request.frame === 'latest') await this.#waitForStream(request);
    if (this.#closed) throw stopping();
    const pinned = request.frame === 'latest' ? null : this.#pin(request);
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, pinned, resolve, reject });
      if (this.#queue.length > this.#options.queueLimit) this.#dropOldest();
      this.#pump();
    });
  }

  /** Refuses what waits. The runs in progress may end within `graceMs`; then their senders are refused too. */
  close({ graceMs }: { readonly graceMs: number }): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tellClosed();
    for (const job of this.#queue.splice(0)) this.#refuse(job, stopping());
    setTimeout(() => {
      this.#abandoned = true;
      for (const { jobs } of this.#running) for (const job of jobs) job.reject(stopping());
    }, graceMs).unref();
  }

  /** A camera that does not stream gets until the request's deadline to deliver a frame. */
  async #waitForStream({ camera, receivedAtMs, maxAgeMs }: SchedulerRequest): Promise<void> {
    if (camera.streaming) return;
    if (camera.state.state === 'disabled')
      throw new SamwireError('no_frame', `Camera ${camera.name} is disabled in the config.`);
    if (this.#waitingForFrame >= this.#options.queueLimit)
      throw new SamwireError(
        'overloaded',
        `${this.#waitingForFrame} requests already wait for a frame; try again later.`,
      );
    this.#waitingForFrame += 1;
    try {
      const waitMs = receivedAtMs + maxAgeMs - this.#now();
      if (await Promise.race([camera.nextFrame(waitMs), this.#closing])) return;
    } finally {
      this.#waitingForFrame -= 1;
    }
    if (this.#closed) throw stopping();
    const { state, error } = camera.state;
    throw new SamwireError(
      'no_frame',
      `Camera ${camera.name} is ${state} and gave no frame within ${maxAgeMs} ms.${error ? ` ${error.message}` : ''}`,
    );
  }

  #pin({ camera, frame }: SchedulerRequest): NativeFrameInfo {
    const held = camera.acquire(frame);
    if (held) return held;
    const wanted =
      frame === 'latest'
        ? 'The newest frame'
        : 'seq' in frame
          ? `Frame seq ${frame.seq}`
          : `A frame within ${frame.toleranceMs} ms of timestamp ${frame.timestamp}`;
    throw new SamwireError(
      'frame_evicted',
      `${wanted} of camera ${camera.name} is not held. Frames are kept for the camera's historyMs; ask sooner or raise it.`,
    );
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
    while (this.#running.size < this.#options.segmenter.runsAtOnce) {
      const job = this.#queue.shift();
      if (!job) return;
      const run = this.#begin(job);
      if (run) void this.#serve(run);
    }
  }

  /** The next run, with all that it can answer; nothing where its first request is refused. */
  #begin(first: Job): Run | undefined {
    if (this.#expired(first)) return undefined;
    try {
      const frame = first.pinned ?? this.#newest(first.request.camera);
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
          (prompts[i] ?? []).map((prompt) => ({ ...prompt, multimask: job.request.multimask })),
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
        skewMs: skew(job.request.frame, frame),
        prompts: own,
        results: results.slice(offset, offset + own.length),
        ageMs: arrivedAtMs - frame.timestamp,
        queueMs: Math.max(0, startedAtMs - arrivedAtMs),
        timing,
        answeredAtMs,
      });
      offset += own.length;
    }
  }

  #newest(camera: Camera): NativeFrameInfo {
    const frame = camera.acquire('latest');
    if (frame) return frame;
    throw new SamwireError('no_frame', `Camera ${camera.name} is ${camera.state.state} and holds no frame.`);
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

function stopping(): SamwireError {
  return new SamwireError('overloaded', 'The node is stopping; send the request again later.');
}

function skew(choice: FrameChoice, frame: NativeFrameInfo): number {
  return choice !== 'latest' && 'timestamp' in choice ? frame.timestamp - choice.timestamp : 0;
}
