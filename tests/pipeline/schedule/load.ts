/** Load for the scheduler: cameras with a frame rate, a segmenter that takes its time, streams of requests. Real or fake timers. */
import { SamwireError } from '../../../src/errors.js';
import type { FrameChoice } from '../../../src/frames/camera.js';
import type { FrameSource } from '../../../src/frames/source.js';
import type { NativeFrameInfo } from '../../../src/native/types.js';
import type { RequestKind, SchedulerAnswer } from '../../../src/pipeline/schedule/request.js';
import { Scheduler } from '../../../src/pipeline/schedule/scheduler.js';
import type { Segmenter, SegmentRequest, SegmentResult } from '../../../src/segment/segmenter.js';
import { randomStream } from '../../graphs/random.js';

export const FRAME_INTERVAL_MS = 33;
const IDS = 1_000_000;
let cameras = 0;

/** Every frame of the last minute is held; `out` handles are not given back. */
export class LoadCamera implements FrameSource {
  readonly streaming = true;
  readonly state = { state: 'streaming', fps: 30, width: 64, height: 48, since: 0 } as const;
  /** Of its frames' ids. */
  readonly #first: number;
  out = 0;

  constructor(
    readonly name: string,
    readonly weight = 1,
  ) {
    cameras += 1;
    this.#first = cameras * IDS;
  }

  get newestSeq(): number {
    return Math.floor(Date.now() / FRAME_INTERVAL_MS);
  }

  acquire(choice: FrameChoice): NativeFrameInfo {
    const seq = choice !== 'latest' && 'seq' in choice ? choice.seq : this.newestSeq;
    this.out += 1;
    const size = { positionMs: -1, width: 64, height: 48, format: 'RGB' } as const;
    return { id: this.#first + (seq % IDS), seq, timestamp: seq * FRAME_INTERVAL_MS, ...size };
  }

  release(id: number): void {
    if (this.owns(id)) this.out -= 1;
  }

  owns(frameId: number): boolean {
    return frameId >= this.#first && frameId < this.#first + IDS;
  }

  async nextFrame(): Promise<boolean> {
    return true;
  }
}

export interface SegmenterPace {
  /** A run of n prompts takes `encodeMs + n · promptMs`, the runs one after the other. */
  readonly encodeMs: number;
  readonly promptMs: number;
  readonly runsAtOnce?: number;
}

export class TimedSegmenter implements Segmenter {
  readonly model = 'timed';
  readonly backend = 'onnx';
  readonly runsAtOnce: number;
  readonly runs: { readonly frameId: number; readonly prompts: number; readonly tookMs: number }[] = [];
  busyMs = 0;
  readonly #pace: SegmenterPace;
  #last: Promise<unknown> = Promise.resolve();

  constructor(pace: SegmenterPace) {
    this.#pace = pace;
    this.runsAtOnce = pace.runsAtOnce ?? 1;
  }

  segment({ frame, prompts }: SegmentRequest): Promise<SegmentResult> {
    const run = this.#last.then(() => this.#run(frame.id, prompts.length));
    this.#last = run;
    return run;
  }

  async #run(frameId: number, prompts: number): Promise<SegmentResult> {
    const { encodeMs, promptMs } = this.#pace;
    const sinceMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, encodeMs + prompts * promptMs));
    const tookMs = performance.now() - sinceMs;
    this.busyMs += tookMs;
    this.runs.push({ frameId, prompts, tookMs });
    return {
      results: Array.from({ length: prompts }, () => ({ candidates: [] })),
      timing: { prepareMs: 0, encodeMs, decodeMs: prompts * promptMs, maskMs: 0, embeddingReused: false },
    };
  }

  async close(): Promise<void> {}
}

export interface Stream {
  readonly camera: LoadCamera;
  readonly kind?: RequestKind;
  readonly client?: string;
  readonly supersedes?: string;
  /** On average, with random gaps; or evenly. */
  readonly perSec: number;
  readonly even?: boolean;
  /** So many at once. */
  readonly clump?: number;
  readonly named: boolean;
  readonly prompts?: number;
  readonly maxAgeMs?: number;
  readonly fromMs?: number;
  readonly untilMs: number;
}

export interface Outcome {
  readonly stream: Stream;
  /** Since the load began. */
  readonly atMs: number;
  /** From the request to its answer or refusal. */
  readonly latencyMs: number;
  /** From the frame's capture to the answer. */
  readonly captureMs: number;
  /** An error's code, or `served`. */
  readonly code: string;
  /** Place in the order in which requests were settled. */
  readonly place: number;
}

export interface LoadOptions {
  readonly pace: SegmenterPace;
  readonly streams: readonly Stream[];
  readonly queueLimit?: number;
  readonly maxPrompts?: number;
}

export function startLoad({ pace, streams, queueLimit = 64, maxPrompts = 64 }: LoadOptions) {
  const segmenter = new TimedSegmenter(pace);
  const logged: string[] = [];
  const log = (_: unknown, text?: string): void => void logged.push(text ?? '');
  const owners = new Set(streams.map(({ camera }) => camera));
  const scheduler = new Scheduler({
    segmenter,
    releaseFrame: (id) => {
      for (const camera of owners) camera.release(id);
    },
    queueLimit,
    maxPrompts,
    onDeviceFailed: () => undefined,
    log: { warn: log, info: log } as never,
  });
  const beganAtMs = performance.now();
  const sinceBegin = (): number => performance.now() - beganAtMs;
  const outcomes: Outcome[] = [];
  const settle = (stream: Stream, atMs: number, code: string, captureMs: number): void => {
    const latencyMs = sinceBegin() - atMs;
    outcomes.push({ stream, atMs, latencyMs, captureMs, code, place: outcomes.length });
  };
  const send = (stream: Stream): void => {
    const atMs = sinceBegin();
    const { camera, kind = 'prompt', client, supersedes, named, prompts = 1, maxAgeMs = 1000 } = stream;
    const answer = scheduler.submit({
      kind,
      camera,
      ...(client === undefined ? {} : { client }),
      ...(supersedes === undefined ? {} : { supersedes }),
      frame: named ? { seq: camera.newestSeq } : 'latest',
      prompts: () => Array.from({ length: prompts }, (_, i) => ({ id: String(i), points: [] })),
      promptCount: prompts,
      multimask: false,
      receivedAtMs: Date.now(),
      maxAgeMs,
    });
    answer.then(
      ({ frame }: SchedulerAnswer) => settle(stream, atMs, 'served', Date.now() - frame.timestamp),
      (thrown: unknown) =>
        settle(stream, atMs, thrown instanceof SamwireError ? thrown.code : String(thrown), 0),
    );
  };
  const next = randomStream(7);
  for (const stream of streams) {
    const { perSec, even = false, clump = 1, fromMs = 0, untilMs } = stream;
    const gapMs = (): number => ((even ? 1 : -Math.log(1 - next())) * clump * 1000) / perSec;
    // Gaps are added up, so that a late timer costs no load.
    let dueMs = fromMs + (even ? gapMs() * next() : gapMs());
    const tick = (): void => {
      for (; dueMs <= sinceBegin(); dueMs += gapMs()) for (let i = 0; i < clump; i += 1) send(stream);
      if (dueMs < untilMs) setTimeout(tick, dueMs - sinceBegin());
    };
    setTimeout(tick, dueMs);
  }
  return { scheduler, segmenter, outcomes, logged, send };
}
