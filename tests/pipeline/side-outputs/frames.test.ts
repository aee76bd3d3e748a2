import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ArrivedFrame } from '../../../src/frames/camera.js';
import { type FrameProperties, startFrameOutput } from '../../../src/pipeline/side-outputs/frames.js';
import { FakeCamera } from '../doubles.js';

interface Options {
  readonly jpeg?: { readonly maxFps: number } | null;
  readonly maxBytes?: number;
  readonly protocol5?: boolean;
}

function setup({ jpeg = { maxFps: 10 }, maxBytes = 1e6, protocol5 = true }: Options = {}) {
  const handles = new Map<number, number>();
  const camera = new FakeCamera('front', handles);
  const listeners = new Set<(frame: ArrivedFrame) => void>();
  const published: { payload: Buffer; properties: FrameProperties | undefined }[] = [];
  const warned: unknown[] = [];
  const clock = { now: 0 };
  const stop = startFrameOutput({
    camera: {
      acquire: (choice) => camera.acquire(choice),
      onFrame(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    jpeg,
    addon: {
      scaledRgb: async (_id: number, _width: number, _height: number, out = Buffer.alloc(64 * 48 * 3)) =>
        out.fill(128),
      releaseFrame: (id) => void handles.set(id, (handles.get(id) ?? 0) - 1),
    },
    hasProperties: () => protocol5,
    maxBytes: () => maxBytes,
    publish: (payload, properties) => void published.push({ payload, properties }),
    log: { warn: (fields: unknown) => void warned.push(fields), debug: () => undefined },
    now: () => clock.now,
  });
  const push = (id: number): void => {
    const frame = camera.push(id);
    for (const listener of listeners) listener(frame);
  };
  const until = async (count: number): Promise<void> => {
    while (published.length < count) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  return {
    push,
    published,
    warned,
    clock,
    stop,
    until,
    out: () => [...handles.values()].reduce((a, b) => a + b, 0),
  };
}

describe('the frame topic', () => {
  it('names each frame', () => {
    const { push, published, stop } = setup({ jpeg: null });
    push(1);
    push(2);
    stop();
    push(3);
    expect(published.map(({ payload }) => payload.toString())).toEqual(
      [1, 2].map((seq) => `{"seq":${seq},"timestamp":${seq},"width":64,"height":48}`),
    );
  });

  it('shows pictures at its pace, one in work, of the newest frame, named by user properties', async () => {
    const { push, published, clock, until, out } = setup();
    push(1);
    push(2);
    await until(1);
    clock.now = 40;
    push(3);
    clock.now = 99;
    push(4);
    await until(2);
    clock.now = 140;
    push(5);
    clock.now = 200;
    push(6);
    await until(3);
    expect(published.map(({ properties }) => properties?.seq)).toEqual(['1', '4', '6']);
    expect(published[0]?.properties).toEqual({ seq: '1', timestamp: '1', width: '64', height: '48' });
    expect(await sharp(published[0]?.payload).metadata()).toMatchObject({
      format: 'jpeg',
      width: 64,
      height: 48,
    });
    expect(out()).toBe(0);
  });

  it('names frames where there are no user properties, and says once why', () => {
    const { push, published, warned } = setup({ protocol5: false });
    push(1);
    push(2);
    expect(published.map(({ properties }) => properties)).toEqual([undefined, undefined]);
    expect(warned).toHaveLength(1);
  });

  it('leaves out a picture that fits no packet, and says once why', async () => {
    const { push, published, warned, clock } = setup({ maxBytes: 10 });
    push(1);
    while (warned.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    clock.now = 500;
    push(2);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(published).toEqual([]);
    expect(warned).toHaveLength(1);
  });
});
