import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type DepthOptions, DepthSource } from '../../src/frames/depth-source.js';
import type { NativeDepthModel, NativeMaskDepth } from '../../src/native/depth-types.js';
import type { NativeCameraEvent, NativeFrameInfo } from '../../src/native/types.js';

const RLE = { size: [48, 64], counts: '`0' } as const;

function picture(id: number, timestamp: number, size: Partial<NativeFrameInfo> = {}): NativeFrameInfo {
  return { id, seq: id, timestamp, positionMs: -1, width: 64, height: 48, format: 'NV12', ...size };
}

/** The addon as the test drives it: `pictures` are the depth camera's, the nearest is linked. */
function setup(options: Partial<DepthOptions> = {}) {
  let emit: (event: NativeCameraEvent) => void = () => {};
  const warnings: string[] = [];
  const pictures: NativeFrameInfo[] = [];
  const times = new Map<number, number>();
  const linked = new Map<number, NativeFrameInfo>();
  const asked: { link: number[]; models: NativeDepthModel[] } = { link: [], models: [] };
  let measured: NativeMaskDepth | null = {
    pixels: 200,
    valid: 150,
    median: 1234.5,
    centroid: [0.1, -0.2, 1.2346],
  };
  const addon = {
    cameraPipeline: () => ({ pipeline: 'fakesrc', sync: false, loop: false, live: true }),
    openCamera: (_: unknown, onEvent: typeof emit) => {
      emit = onEvent;
      return {
        acquire: () => null,
        link: (id: number, toleranceMs: number) => {
          asked.link.push(id);
          const distance = ({ timestamp }: NativeFrameInfo) => Math.abs(timestamp - (times.get(id) ?? 0));
          const nearest = [...pictures].sort((a, b) => distance(a) - distance(b))[0];
          if (nearest && distance(nearest) <= toleranceMs) linked.set(id, nearest);
        },
        stats: () => ({ frames: 0, held: 0, heldBytes: 0, oldestSeq: 0, newestSeq: 0 }),
        close: async () => {},
        stopped: () => true,
      };
    },
    retainFrame: () => false,
    releaseFrame: () => undefined,
    linkedDepth: (id: number) => linked.get(id) ?? null,
    measureDepth: (_id: number, _counts: string, _w: number, _h: number, model: NativeDepthModel) => {
      asked.models.push(model);
      return measured;
    },
  };
  const source = new DepthSource(
    addon,
    {
      camera: 'front',
      source: 'gst://depth',
      intrinsics: { fx: 60, fy: 60, cx: 31.5, cy: 23.5 },
      scale: 0.001,
      toleranceMs: 33,
      clockOffsetMs: 0,
      historyMs: 500,
      ...options,
    },
    pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) }),
  );
  source.start();
  const come = (timestamp: number, size: Partial<NativeFrameInfo> = {}): void => {
    const arrived = picture(1000 + pictures.length, timestamp, size);
    pictures.push(arrived);
    emit({ type: 'frame', seq: arrived.seq, timestamp, width: arrived.width, height: arrived.height });
  };
  const frame = (id: number, timestamp: number): NativeFrameInfo => {
    times.set(id, timestamp);
    return picture(id, timestamp);
  };
  return {
    source,
    warnings,
    come,
    frame,
    linked,
    asked,
    measure: (value: typeof measured) => (measured = value),
  };
}

describe('a depth source', () => {
  it('gives a mask its depth in metres, with the skew', async () => {
    const { source, come, frame } = setup();
    come(105.25);
    expect(source.meter(frame(1, 100))(RLE)).toEqual({
      median: 1.2345,
      coverage: 0.75,
      centroid: [0.1, -0.2, 1.2346],
      skewMs: 5.25,
    });
    expect(source.stats()).toMatchObject({ state: 'streaming', matched: 1, missed: 0, problem: null });
    await source.close();
  });

  it('tells null of a mask without depth, and nothing of one without a depth picture', async () => {
    const { source, come, frame, measure } = setup();
    const early = frame(1, 100);
    expect(source.meter(early)(RLE)).toBeUndefined();
    expect(source.stats()).toMatchObject({ state: 'connecting', missed: 1, problem: expect.any(String) });
    come(400);
    expect(source.meter(early)(RLE)).toBeUndefined();
    expect(source.stats().problem).toMatch(/within 33 ms .* frame 1; the newest one is 300 ms younger/);
    measure({ pixels: 10, valid: 0, median: 0, centroid: [0, 0, 0] });
    expect(source.meter(frame(2, 400))(RLE)).toBeNull();
    await source.close();
  });

  it('takes the nearer picture that comes after the frame, however late the answer is', async () => {
    const { source, come, frame, linked, asked } = setup();
    come(80);
    const held = frame(1, 100);
    source.link(held);
    expect(linked.get(1)?.timestamp).toBe(80);
    come(98);
    expect(linked.get(1)?.timestamp).toBe(98);
    come(113);
    expect(linked.get(1)?.timestamp).toBe(98);
    const asks = asked.link.length;
    come(146);
    expect(asked.link).toHaveLength(asks);
    expect(source.meter(held)(RLE)).toMatchObject({ skewMs: -2 });
    await source.close();
  });

  it('remembers a bounded number of frames that wait for depth', async () => {
    const { source, come, frame, asked } = setup();
    for (let id = 1; id <= 100; id += 1) source.link(frame(id, 1000));
    const asks = asked.link.length;
    come(1000);
    expect(asked.link.length - asks).toBe(64);
    await source.close();
  });

  it('refuses a picture of another shape than the frame, and takes one of another size', async () => {
    const { source, come, frame } = setup();
    come(100, { width: 32, height: 24 });
    expect(source.meter(frame(1, 100))(RLE)).toMatchObject({ coverage: 0.75 });
    come(200, { width: 48, height: 48 });
    expect(source.meter(frame(2, 200))(RLE)).toBeUndefined();
    expect(source.stats().problem).toContain('48x48');
    await source.close();
  });

  it('warns once of a principal point outside of the picture', async () => {
    const { source, come, warnings } = setup({ intrinsics: { fx: 600, fy: 600, cx: 320, cy: 20 } });
    come(100);
    come(133);
    expect(warnings.filter((line) => line.includes('principal point'))).toHaveLength(1);
    await source.close();
  });

  it.each([
    [{}, 1, 65_534],
    [{ range: [0.3, 6] as const }, 300, 6000],
    [{ range: [0, 100] as const }, 1, 65_534],
    [{ range: [0.1, 0.5] as const, scale: 0.0001 }, 1000, 5000],
  ])('measures within %j', async (options, nearest, farthest) => {
    const { source, come, frame, asked } = setup(options);
    come(100);
    source.meter(frame(1, 100))(RLE);
    expect(asked.models[0]).toMatchObject({ nearest, farthest, fx: 60, cx: 31.5 });
    await source.close();
  });
});
