/** The scheduler's edges as doubles: a camera, a segmenter that answers when it is told to, a clock. */
import type { SamwireError } from '../../src/errors.js';
import type { Camera, FrameChoice } from '../../src/frames/camera.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import type { SchedulerRequest } from '../../src/pipeline/schedule/request.js';
import { Scheduler } from '../../src/pipeline/schedule/scheduler.js';
import type { Segmenter, SegmentRequest, SegmentResult } from '../../src/segment/segmenter.js';

/** A camera whose frames the test makes, and which counts the handles that are out. */
export class FakeCamera {
  readonly name: string;
  weight = 1;
  streaming = true;
  state = { state: 'streaming', fps: 30, width: 64, height: 48, since: 0 } as Camera['state'];
  frames: NativeFrameInfo[] = [];
  #waiting: ((arrived: boolean) => void)[] = [];

  constructor(
    name: string,
    readonly handles: Map<number, number>,
  ) {
    this.name = name;
  }

  push(id: number, timestamp = id): NativeFrameInfo {
    const frame = { id, seq: id, timestamp, positionMs: -1, width: 64, height: 48, format: 'RGB' } as const;
    this.frames.push(frame);
    for (const resolve of this.#waiting.splice(0)) resolve(true);
    return frame;
  }

  acquire(choice: FrameChoice): NativeFrameInfo | null {
    const frame =
      choice === 'latest'
        ? this.frames.at(-1)
        : this.frames.find((held) =>
            'seq' in choice
              ? held.seq === choice.seq
              : Math.abs(held.timestamp - choice.timestamp) <= choice.toleranceMs,
          );
    if (!frame) return null;
    this.handles.set(frame.id, (this.handles.get(frame.id) ?? 0) + 1);
    return frame;
  }

  nextFrame(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      const timer = setTimeout(() => resolve(false), timeoutMs);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }
}

/** A segmenter that answers when the test says so. */
export class PacedSegmenter implements Segmenter {
  readonly model = 'test';
  readonly backend = 'tensorrt';
  readonly requests: SegmentRequest[] = [];
  #settle: { resolve: (result: SegmentResult) => void; reject: (error: Error) => void }[] = [];

  constructor(readonly runsAtOnce: number) {}

  segment(request: SegmentRequest): Promise<SegmentResult> {
    this.requests.push(request);
    return new Promise((resolve, reject) => this.#settle.push({ resolve, reject }));
  }

  /** `results`: instead of errors that name the prompts. */
  async answer(error?: Error, results?: SegmentResult['results']): Promise<void> {
    const next = this.#settle.shift();
    const request = this.requests[this.requests.length - 1 - this.#settle.length];
    if (!next || !request) throw new Error('nothing is being segmented');
    if (error) next.reject(error);
    else
      next.resolve({
        results:
          results ??
          request.prompts.map((prompt) => ({ error: { code: 'internal' as const, message: prompt.id } })),
        timing: { prepareMs: 1, encodeMs: 2, decodeMs: 3, maskMs: 4, embeddingReused: false },
      });
    await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {}
}

export interface SetupOptions {
  readonly queueLimit?: number;
  readonly maxPrompts?: number;
  readonly runsAtOnce?: number;
  readonly backgroundLimit?: number;
}

/** A scheduler on them; `out()` is the number of frame handles that nobody has released. */
export function setup(options: SetupOptions = {}) {
  const handles = new Map<number, number>();
  const clock = { now: 1000 };
  const camera = new FakeCamera('front', handles);
  const segmenter = new PacedSegmenter(options.runsAtOnce ?? 1);
  const lost: SamwireError[] = [];
  const scheduler = new Scheduler({
    segmenter,
    releaseFrame: (id) => handles.set(id, (handles.get(id) ?? 0) - 1),
    queueLimit: options.queueLimit ?? 8,
    maxPrompts: options.maxPrompts ?? 8,
    ...(options.backgroundLimit === undefined ? {} : { backgroundLimit: options.backgroundLimit }),
    onDeviceFailed: (error) => lost.push(error),
    now: () => clock.now,
  });
  const submit = (id: string, request: Partial<SchedulerRequest> = {}) => {
    const answer = scheduler.submit({
      kind: 'prompt',
      camera: camera as unknown as Camera,
      frame: 'latest',
      prompts: () => [{ id, points: [{ x: 1, y: 1, label: 1 }] }],
      promptCount: 1,
      multimask: false,
      receivedAtMs: clock.now,
      maxAgeMs: 500,
      ...request,
    });
    answer.catch(() => undefined);
    return answer;
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const out = () => [...handles.values()].reduce((sum, count) => sum + count, 0);
  return { camera, segmenter, scheduler, submit, clock, settled, out, lost };
}

export const idsOf = (request: SegmentRequest | undefined) => request?.prompts.map((prompt) => prompt.id);
