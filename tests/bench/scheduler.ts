import type { FrameChoice } from '../../src/frames/camera.js';
import type { FrameSource } from '../../src/frames/source.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import { Scheduler } from '../../src/pipeline/schedule/scheduler.js';
import type { Segmenter, SegmentRequest, SegmentResult } from '../../src/segment/segmenter.js';
import { distribution } from './measure.js';
import { type Limit, table } from './report.js';

const CAMERAS = 64;
const CLIENTS = 4;
/** Requests that wait for each camera; the queue's bound is the config's largest. */
const WAITING = [1, 8, 64] as const;
const QUEUE_LIMIT = 4096;
/** A request among 64 times as many may cost this many times as much: far below what a quadratic queue would. */
const GROWTH_LIMIT = 8;

class BenchCamera implements FrameSource {
  readonly weight = 1;
  readonly streaming = true;
  readonly state = { state: 'streaming', fps: 30, width: 64, height: 48, since: 0 } as const;
  readonly #first: number;

  constructor(readonly name: string) {
    this.#first = Number(name) * 1_000_000;
  }

  acquire(choice: FrameChoice): NativeFrameInfo {
    const seq = choice !== 'latest' && 'seq' in choice ? choice.seq : 0;
    const size = { positionMs: -1, width: 64, height: 48, format: 'RGB' } as const;
    return { id: this.#first + seq, seq, timestamp: Date.now(), ...size };
  }

  async nextFrame(): Promise<boolean> {
    return true;
  }
}

/** Answers at once, when it is let go. */
class InstantSegmenter implements Segmenter {
  readonly model = 'bench';
  readonly backend = 'onnx';
  readonly runsAtOnce = 1;
  letGo: () => void = () => undefined;
  readonly #free = new Promise<void>((resolve) => {
    this.letGo = resolve;
  });

  async segment({ prompts }: SegmentRequest): Promise<SegmentResult> {
    await this.#free;
    return {
      results: prompts.map(() => ({ candidates: [] })),
      timing: { prepareMs: 0, encodeMs: 1, decodeMs: 1, maskMs: 0, embeddingReused: false },
    };
  }

  async close(): Promise<void> {}
}

/**
 * What the scheduler itself costs on the main thread for a request, with 64 cameras of 4 clients and 64 to 4096 requests waiting:
 * to come in, to be chosen and answered, and to make room in a full queue.
 */
export async function scheduler(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  const rounds = quick ? 3 : 10;
  await measure(8);
  const rows = [];
  for (const each of WAITING) {
    const measured = [];
    for (let round = 0; round < rounds; round += 1) measured.push(await measure(each));
    rows.push({
      waiting: each * CAMERAS,
      'comes in, µs': distribution(measured.map(({ inUs }) => inUs)).median,
      'is served, µs': distribution(measured.map(({ servedUs }) => servedUs)).median,
      'makes room, µs': distribution(measured.map(({ roomUs }) => roomUs)).median,
    });
  }
  console.log(`\nThe scheduler: ${CAMERAS} cameras of ${CLIENTS} clients, for each request`);
  console.log(table(rows));
  const [few, many] = [rows[0], rows.at(-1)];
  if (!few || !many) throw new Error('nothing was measured');
  const growth = many['is served, µs'] / few['is served, µs'];
  const what = `a request served among ${many.waiting} as against ${few.waiting}`;
  return { limits: [{ what, measured: growth, limit: GROWTH_LIMIT, unit: 'times' }], results: rows };
}

async function measure(each: number): Promise<{ inUs: number; servedUs: number; roomUs: number }> {
  const segmenter = new InstantSegmenter();
  const waiting = each * CAMERAS;
  const queue = new Scheduler({
    segmenter,
    releaseFrame: () => undefined,
    queueLimit: Math.min(waiting, QUEUE_LIMIT),
    maxPrompts: 1,
    onDeviceFailed: () => undefined,
  });
  const cameras = Array.from({ length: CAMERAS }, (_, i) => new BenchCamera(String(i)));
  let seq = 0;
  const submit = async (): Promise<void> => {
    seq += 1;
    const camera = cameras[seq % CAMERAS] as BenchCamera;
    await queue
      .submit({
        kind: 'prompt',
        camera,
        client: String(Math.floor(seq / CAMERAS) % CLIENTS),
        frame: { seq },
        prompts: () => [{ id: '0', points: [] }],
        promptCount: 1,
        multimask: false,
        receivedAtMs: Date.now(),
        maxAgeMs: 3_600_000,
      })
      .catch(() => undefined);
  };
  const timed = async (count: number, work: () => Promise<unknown> | undefined): Promise<number> => {
    const since = performance.now();
    await work();
    return ((performance.now() - since) * 1000) / count;
  };
  const all: Promise<void>[] = [submit()];
  const inUs = await timed(waiting, async () => {
    for (let i = 0; i < waiting; i += 1) all.push(submit());
  });
  const roomUs = await timed(waiting, async () => {
    for (let i = 0; i < waiting; i += 1) all.push(submit());
    await all[1];
  });
  segmenter.letGo();
  const servedUs = await timed(waiting, () => Promise.all(all));
  queue.close({ graceMs: 0 });
  return { inUs, servedUs, roomUs };
}
