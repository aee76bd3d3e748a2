import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  FRAME_INTERVAL_MS,
  LoadCamera,
  type LoadOptions,
  type Outcome,
  type Stream,
  startLoad,
} from './load.js';

/** A run of one prompt takes 50 ms: 20 a second. */
const PACE = { encodeMs: 40, promptMs: 10 } as const;
const RUN_MS = 50;
/** From then on overload is known to be none of the bursts. */
const KNOWN_MS = 12 * RUN_MS;

const cameras = (count: number, weight: (i: number) => number = () => 1): LoadCamera[] =>
  Array.from({ length: count }, (_, i) => new LoadCamera(`camera-${i}`, weight(i)));

/** So long, and until all is settled. */
async function run(options: Partial<LoadOptions> & Pick<LoadOptions, 'streams'>, seconds: number) {
  const load = startLoad({ pace: PACE, ...options });
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  const busyShare = load.segmenter.busyMs / (seconds * 1000);
  await vi.advanceTimersByTimeAsync(3000);
  for (const { camera } of options.streams) expect(camera.out, 'frames that are still held').toBe(0);
  return { ...load, busyShare };
}

const of = (outcomes: readonly Outcome[], ...streams: readonly Stream[]): Outcome[] =>
  outcomes.filter(({ stream }) => streams.includes(stream));
const served = (outcomes: readonly Outcome[]): Outcome[] => outcomes.filter(({ code }) => code === 'served');
const codes = (outcomes: readonly Outcome[]): string[] =>
  [...new Set(outcomes.map(({ code }) => code))].sort();

/** Two service times and a frame interval, by the longest run that there was. */
const boundMs = ({
  segmenter,
}: {
  readonly segmenter: { readonly runs: readonly { tookMs: number }[] };
}): number => 2 * Math.max(...segmenter.runs.map(({ tookMs }) => tookMs)) + FRAME_INTERVAL_MS;

const slowest = (outcomes: readonly Outcome[], key: 'latencyMs' | 'captureMs' = 'latencyMs'): number =>
  Math.max(...outcomes.map((outcome) => outcome[key]));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('five times as many prompts as the model can do', () => {
  it.each([
    ['one camera', 1, false],
    ['four cameras', 4, false],
    ['four cameras that send evenly', 4, true],
    ['a hundred cameras', 100, false],
  ] as const)(
    'of %s: what is served is in time, what is not is told so soon, and the model is never idle',
    async (_, count, even) => {
      const streams = cameras(count).map((camera) => ({
        camera,
        named: true,
        even,
        perSec: 100 / count,
        untilMs: 6000,
      }));
      const load = await run({ streams, maxPrompts: 1 }, 6);
      const known = load.outcomes.filter(({ atMs }) => atMs > KNOWN_MS);
      expect(codes(known)).toEqual(['overloaded', 'served']);
      expect(slowest(served(known))).toBeLessThan(2 * RUN_MS + FRAME_INTERVAL_MS);
      expect(slowest(known)).toBeLessThanOrEqual(3 * RUN_MS);
      expect(load.busyShare).toBeGreaterThan(0.98);
      expect(load.segmenter.runs.length).toBeGreaterThan(110);
      expect(load.logged).toContain('overload: newest first, and what can not be served soon is refused');
    },
  );

  it.each([[[1, 1, 1, 1]], [[1, 1, 1, 3]], [[1, 0.5, 2, 2]]])(
    'is shared by the weights %j',
    async (weights) => {
      const streams = cameras(4, (i) => weights[i] ?? 1).map((camera) => ({
        camera,
        named: true,
        perSec: 40,
        untilMs: 20_000,
      }));
      const { outcomes } = await run({ streams, maxPrompts: 1 }, 20);
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      for (const [i, stream] of streams.entries()) {
        const share = served(of(outcomes, stream)).length / served(outcomes).length;
        const wanted = (weights[i] ?? 0) / total;
        expect(Math.abs(share / wanted - 1), `share ${share} instead of ${wanted}`).toBeLessThan(0.1);
      }
    },
  );

  it('is shared by time: a camera with heavy prompts gets fewer of them', async () => {
    const [light, heavy] = cameras(2).map((camera, i) => ({
      camera,
      named: true,
      perSec: 60,
      prompts: i === 0 ? 1 : 16,
      untilMs: 20_000,
    })) as [Stream, Stream];
    const { segmenter } = await run({ streams: [light, heavy], maxPrompts: 16 }, 20);
    const [lightMs, heavyMs] = [light, heavy].map(({ camera }) =>
      segmenter.runs.reduce((sum, { frameId, tookMs }) => sum + (camera.owns(frameId) ? tookMs : 0), 0),
    ) as [number, number];
    expect(Math.abs(heavyMs / lightMs - 1)).toBeLessThan(0.1);
    expect(Math.max(...segmenter.runs.map(({ prompts }) => prompts))).toBe(16);
  });

  it('costs nothing to who asks for less than a share: another camera, even in bursts, and another client of the same one', async () => {
    const [flooded, other] = cameras(2) as [LoadCamera, LoadCamera];
    const flood = { camera: flooded, client: 'flood', named: true, perSec: 95, untilMs: 8000 };
    const light = { camera: flooded, client: 'light', named: true, perSec: 1, untilMs: 8000 };
    const bursts = { camera: other, named: true, perSec: 4, clump: 4, untilMs: 8000 };
    const { outcomes } = await run({ streams: [flood, light, bursts], maxPrompts: 1 }, 8);
    expect(codes(of(outcomes, light, bursts))).toEqual(['served']);
    expect(codes(of(outcomes, flood))).toEqual(['overloaded', 'served']);
  });

  it('on the newest frames, with prompts that cost time to decode: in time from the frame as from the request', async () => {
    const streams = cameras(4).map((camera) => ({ camera, named: false, perSec: 100, untilMs: 8000 }));
    const load = await run({ streams, maxPrompts: 8 }, 8);
    const known = load.outcomes.filter(({ atMs }) => atMs > 2500);
    expect(codes(known)).toEqual(['overloaded', 'served']);
    expect(slowest(served(known))).toBeLessThan(boundMs(load));
    expect(slowest(served(known), 'captureMs')).toBeLessThan(boundMs(load));
    expect(load.busyShare).toBeGreaterThan(0.98);
  });

  it('with a segmenter that takes two runs at once', async () => {
    const streams = cameras(4).map((camera) => ({ camera, named: true, perSec: 125, untilMs: 4000 }));
    const pace = { encodeMs: 9, promptMs: 1, runsAtOnce: 2 };
    const load = await run({ streams, pace, maxPrompts: 1 }, 4);
    const known = load.outcomes.filter(({ atMs }) => atMs > 500);
    expect(codes(known)).toEqual(['overloaded', 'served']);
    // The second run waits for the first, in the segmenter: a run takes 20 ms from its begin to its end.
    expect(slowest(served(known))).toBeLessThan(2 * 20 + FRAME_INTERVAL_MS);
    expect(load.busyShare).toBeGreaterThan(0.98);
  });

  it('of a model that is slower than a request may wait: what expires is told that it is overload', async () => {
    const streams = cameras(2).map((camera) => ({ camera, named: true, perSec: 5, untilMs: 20_000 }));
    const load = await run({ streams, pace: { encodeMs: 700, promptMs: 100 }, maxPrompts: 1 }, 20);
    const known = load.outcomes.filter(({ atMs }) => atMs > 4000);
    expect(codes(known)).toEqual(['overloaded', 'served']);
    expect(slowest(known)).toBeLessThan(boundMs(load));
    expect(load.busyShare).toBeGreaterThan(0.95);
  });

  it('is over when it is over: the next requests are served in order, none refused', async () => {
    const [first, ...rest] = cameras(4) as [LoadCamera, ...LoadCamera[]];
    const flood = [first, ...rest].map((camera) => ({ camera, named: true, perSec: 25, untilMs: 3000 }));
    const after = {
      camera: first,
      named: true,
      perSec: 10,
      clump: 5,
      even: true,
      fromMs: 5000,
      untilMs: 9000,
    };
    const { outcomes, scheduler, logged } = await run({ streams: [...flood, after], maxPrompts: 1 }, 9);
    expect(codes(of(outcomes, after))).toEqual(['served']);
    const order = of(outcomes, after).map(({ atMs }) => atMs);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(logged).toContain('overload is over');
    expect(scheduler.stats()).toMatchObject({ overloaded: [], overloads: { prompt: 1 } });
  });
});

describe('what is no overload', () => {
  it('is ten cameras that ask at once: all are served, in order', async () => {
    const streams = cameras(10).map((camera) => ({ camera, named: true, perSec: 0, untilMs: 0 }));
    const load = startLoad({ streams, pace: { encodeMs: 80, promptMs: 10 } });
    for (const stream of streams) load.send(stream);
    await vi.advanceTimersByTimeAsync(2000);
    expect(codes(load.outcomes)).toEqual(['served']);
    expect(load.outcomes.map(({ stream }) => streams.indexOf(stream as (typeof streams)[number]))).toEqual([
      ...streams.keys(),
    ]);
  });

  it('is sixty-four prompts at once: served in order while they are in time, the rest expired when it is over', async () => {
    const streams = cameras(64).map((camera) => ({ camera, named: true, perSec: 0, untilMs: 0 }));
    const load = startLoad({ streams, pace: PACE });
    for (const stream of streams) load.send(stream);
    await vi.advanceTimersByTimeAsync(2000);
    expect(codes(load.outcomes)).toEqual(['expired', 'served']);
    expect(served(load.outcomes)).toHaveLength(21);
    for (const { code, latencyMs } of load.outcomes)
      if (code === 'expired') expect(latencyMs).toBeLessThan(1010);
  });

  it('is nine tenths of what the model can do, for a minute of random arrivals', async () => {
    const streams = cameras(4).map((camera) => ({ camera, named: true, perSec: 4.5, untilMs: 60_000 }));
    const { outcomes } = await run({ streams, maxPrompts: 1 }, 60);
    expect(outcomes.length).toBeGreaterThan(900);
    expect(served(outcomes).length / outcomes.length).toBeGreaterThan(0.99);
  });

  it('is thirty prompts a second on the newest frame of each of twenty cameras: one run answers all of a camera', async () => {
    const pace = { encodeMs: 33, promptMs: 0.1 };
    const streams = cameras(20).map((camera) => ({
      camera,
      named: false,
      even: true,
      perSec: 30,
      untilMs: 4000,
    }));
    const load = await run({ streams, pace, queueLimit: 1024 }, 4);
    expect(codes(load.outcomes)).toEqual(['served']);
    expect(slowest(load.outcomes, 'captureMs')).toBeLessThan(boundMs(load));
  });

  it('is a load of more than all, in clumps with pauses, which is not refused while the model is idle', async () => {
    const [camera] = cameras(1) as [LoadCamera];
    const clumps = { camera, named: true, perSec: 19, clump: 10, even: true, untilMs: 20_000 };
    const { outcomes } = await run({ streams: [clumps], maxPrompts: 1 }, 20);
    expect(codes(outcomes)).toEqual(['served']);
  });
});

describe('lower kinds while prompts flood the node', () => {
  it('have a tenth of its time each, in time, on the newest frame', async () => {
    const [flooded, followed] = cameras(2) as [LoadCamera, LoadCamera];
    const flood = { camera: flooded, named: true, perSec: 100, untilMs: 10_000 };
    const tracks = {
      camera: followed,
      kind: 'track',
      supersedes: 'frame',
      named: false,
      even: true,
      perSec: 30,
      untilMs: 10_000,
    } as const;
    const boxes = {
      camera: followed,
      kind: 'detections',
      supersedes: 'boxes',
      named: true,
      even: true,
      perSec: 5,
      untilMs: 10_000,
    } as const;
    const load = await run({ streams: [flood, tracks, boxes], maxPrompts: 1 }, 10);
    const perSec = (stream: Stream): number => served(of(load.outcomes, stream)).length / 10;
    // 50 ms a run: two a second are a tenth.
    expect(perSec(tracks)).toBeGreaterThan(1.7);
    expect(perSec(tracks)).toBeLessThan(2.5);
    expect(perSec(boxes)).toBeGreaterThan(1.5);
    expect(perSec(flood)).toBeGreaterThan(15);
    expect(slowest(served(of(load.outcomes, tracks)), 'captureMs')).toBeLessThan(boundMs(load));
    const known = of(load.outcomes, flood).filter(({ atMs }) => atMs > KNOWN_MS);
    expect(slowest(served(known))).toBeLessThan(2 * RUN_MS + FRAME_INTERVAL_MS);
  });
});

describe('jobs while prompts flood the node', () => {
  it('are all answered, however late', async () => {
    const [flooded, picture] = cameras(2) as [LoadCamera, LoadCamera];
    const flood = { camera: flooded, named: true, perSec: 100, untilMs: 12_000 };
    const jobs = {
      camera: picture,
      kind: 'job',
      named: true,
      clump: 8,
      perSec: 8,
      maxAgeMs: 60_000,
      untilMs: 1500,
    } as const;
    const { outcomes } = await run({ streams: [flood, jobs], maxPrompts: 1 }, 12);
    expect(codes(of(outcomes, jobs))).toEqual(['served']);
    expect(of(outcomes, jobs).length).toBeGreaterThan(7);
  });
});

describe('five times as many prompts as the model can do, in real time', () => {
  it('is served at its full pace and in time', { timeout: 20_000 }, async () => {
    vi.useRealTimers();
    const streams = cameras(4).map((camera, i) => ({
      camera,
      client: i % 2 === 0 ? 'a' : 'b',
      named: true,
      perSec: 62.5,
      untilMs: 3000,
    }));
    const load = startLoad({ streams, pace: { encodeMs: 16, promptMs: 4 }, maxPrompts: 1 });
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const busyShare = load.segmenter.busyMs / 3000;
    await vi.waitFor(() => expect(load.scheduler.length).toBe(0), { timeout: 5000 });
    const known = load.outcomes.filter(({ atMs }) => atMs > 1000);
    expect(codes(known)).toEqual(['overloaded', 'served']);
    // A machine with other work to do delays runs and refusals: the longest run tells by how much.
    const latencies = served(known)
      .map(({ latencyMs }) => latencyMs)
      .sort((a, b) => a - b);
    expect(latencies[Math.floor(latencies.length * 0.95)]).toBeLessThan(boundMs(load) + 20);
    expect(busyShare).toBeGreaterThan(0.7);
  });
});
