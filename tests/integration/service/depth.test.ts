/** Depth beside a camera: a scene whose geometry is known, through the real service and the bundled model. */
import { type ChildProcess, spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MaskItem } from '../../../src/masks/types.js';
import { broker, client, closeAll, owe, type TestClient } from '../mqtt/harness.js';
import {
  ask,
  BASE,
  configOf,
  directory,
  itemOf,
  type Masks,
  ready,
  run,
  type ServiceProcess,
  seen,
  serviceMissing,
  stillCamera,
} from './harness.js';

const WIDTH = 320;
const HEIGHT = 240;
/** The front of a box, 1.2 m away, before a wall at 2 m. Pixels, exclusive x2 and y2. */
const FRONT = { x1: 110, y1: 70, x2: 210, y2: 160, mm: 1200 } as const;
const WALL_MM = 2000;
/** Columns of the box that the depth camera could not see. */
const HOLE = { x1: 150, x2: 160 } as const;
const INTRINSICS = { fx: 300, fy: 310, cx: 150.5, cy: 121.25 } as const;
/** The middle of the front, metres: the mean of its pixel centres, through the pinhole model. */
const TRUTH = [
  ((159.5 - INTRINSICS.cx) / INTRINSICS.fx) * 1.2,
  ((114.5 - INTRINSICS.cy) / INTRINSICS.fy) * 1.2,
  1.2,
] as const;
const PROMPT = { prompts: [{ id: 'box', box: [108, 68, 212, 162] }] } as const;

const inFront = (x: number, y: number): boolean =>
  x >= FRONT.x1 && x < FRONT.x2 && y >= FRONT.y1 && y < FRONT.y2;

function colour(): Uint8Array {
  return Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH), i % 3];
    if (inFront(x, y)) return [210, 40, 35][c] ?? 0;
    return 150 + ((x * 7 + y * 13) % 11);
  });
}

/** A 16-bit PNG in millimetres, of 1/`shrink` of the colour picture's size. */
async function depthPng(path: string, shrink = 1): Promise<void> {
  const [width, height] = [WIDTH / shrink, HEIGHT / shrink];
  const units = Uint16Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) * shrink, Math.floor(i / width) * shrink];
    if (x >= HOLE.x1 && x < HOLE.x2) return 0;
    return inFront(x, y) ? FRONT.mm : WALL_MM;
  });
  await sharp(units, { raw: { width, height, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toFile(path);
}

function expectScene(answer: Masks): NonNullable<MaskItem['depth']> {
  const item = itemOf(answer, 'box');
  const { depth } = item;
  if (!depth) throw new Error(`Expected a depth, got ${JSON.stringify(item)}`);
  expect(item.area).toBeGreaterThan(0.9 * 9000);
  expect(depth.median).toBeCloseTo(1.2, 3);
  expect(depth.coverage).toBeGreaterThan(0.85);
  expect(depth.coverage).toBeLessThan(0.92);
  // The hole lies off the front's middle: it moves the mean by 2 mm.
  for (const [i, truth] of TRUTH.entries())
    expect(Math.abs((depth.centroid[i] ?? 9) - truth)).toBeLessThan(0.01);
  return depth;
}

describe.skipIf(serviceMissing() !== null)('depth of masks', () => {
  let watcher: TestClient;
  let service: ServiceProcess;
  let socket: string;
  let sharing: ChildProcess;
  let depthPath: string;

  /** Another process that shares depth, until it is killed. */
  function share(path: string): void {
    const pipeline = `filesrc location=${path} ! pngdec ! imagefreeze is-live=true ! videoconvert
      ! video/x-raw,format=GRAY16_LE,framerate=25/1
      ! shmsink socket-path=${socket} wait-for-connection=false sync=false`;
    const child = spawn('gst-launch-1.0', ['-q', ...pipeline.split(/\s+/)], { stdio: 'ignore' });
    owe(async () => void child.kill('SIGKILL'));
    sharing = child;
  }

  const statsOf = async (camera: string, fits: (depth: Record<string, unknown>) => boolean) => {
    const found = await seen(
      watcher,
      `${BASE}/stats`,
      ({ cameras }) => {
        const { depth } = (cameras as Record<string, { depth?: Record<string, unknown> }>)[camera] ?? {};
        return depth !== undefined && fits(depth);
      },
      watcher.received.length,
    );
    return (found.json.cameras as Record<string, { depth: Record<string, unknown> }>)[camera]?.depth;
  };

  beforeAll(async () => {
    const dir = await directory();
    socket = join(dir, 'shared');
    for (const n of [0, 1, 2]) await depthPng(join(dir, `depth-0${n}.png`));
    await depthPng(join(dir, 'half.png'), 2);
    await writeFile(join(dir, 'not.png'), 'no picture');
    const still = await stillCamera({ width: WIDTH, height: HEIGHT, rgb: colour() }, 10);
    const half = {
      fx: 150,
      fy: 155,
      cx: (INTRINSICS.cx + 0.5) / 2 - 0.5,
      cy: (INTRINSICS.cy + 0.5) / 2 - 0.5,
    };
    const { url } = await broker();
    watcher = await client(url);
    service = await run(
      configOf(url, {
        cameras: {
          files: {
            ...still,
            depth: {
              source: `file://${dir}/depth-%02d.png?fps=7&loop=1`,
              intrinsics: INTRINSICS,
              toleranceMs: 80,
            },
          },
          half: {
            ...still,
            depth: {
              source: `gst://filesrc location=${dir}/half.png ! pngdec ! imagefreeze is-live=true ! video/x-raw,framerate=30/1`,
              intrinsics: half,
            },
          },
          shared: {
            ...still,
            depth: {
              source: `shm://${socket}`,
              width: WIDTH,
              height: HEIGHT,
              fps: 25,
              intrinsics: INTRINSICS,
              toleranceMs: 200,
            },
          },
          wrong: { ...still, depth: { source: `file://${dir}/not.png`, intrinsics: INTRINSICS } },
          square: {
            ...still,
            depth: {
              source: 'gst://videotestsrc is-live=true ! video/x-raw,format=GRAY16_LE,width=240,height=240',
              intrinsics: INTRINSICS,
            },
          },
          plain: still,
        },
        model: { name: 'samwire-tiny', backend: 'onnx', threads: 1 },
        pipeline: { maxAgeMs: 30_000 },
      }),
    );
    depthPath = join(dir, 'depth-00.png');
    share(depthPath);
    await ready(watcher, 'files', 'half', 'shared', 'wrong', 'square', 'plain');
  });
  afterAll(closeAll);

  it('is the scene’s, from numbered PNGs at a rate of their own', async () => {
    await statsOf('files', ({ state }) => state === 'streaming');
    const { skewMs } = expectScene(await ask(watcher, 'files', PROMPT));
    expect(Math.abs(skewMs)).toBeLessThanOrEqual(80);
  });

  it('is the same from a picture of half the size, within the default tolerance', async () => {
    await statsOf('half', ({ state }) => state === 'streaming');
    const { skewMs } = expectScene(await ask(watcher, 'half', PROMPT));
    expect(Math.abs(skewMs)).toBeLessThanOrEqual(33);
  });

  it('stands on the masks of everything too', async () => {
    await watcher.send(`${BASE}/request/everything`, {
      transaction: 'e',
      camera: 'half',
      strategy: 'grid',
      grid: 3,
    });
    const { json } = await seen(
      watcher,
      `${BASE}/response/everything`,
      ({ transaction }) => transaction === 'e',
    );
    const { masks } = json.data as { masks: MaskItem[] };
    expect(masks.length).toBeGreaterThan(0);
    for (const { depth } of masks) expect(depth?.median).toBeGreaterThan(1);
  });

  it('stands on the masks of detections and of tracks too', async () => {
    const box = PROMPT.prompts[0].box;
    const after = watcher.received.length;
    await watcher.send(`${BASE}/half/detections`, {
      detections: [{ id: 'd', label: 'box', score: 0.9, box }],
    });
    for (const wanted of ['detections', 'track']) {
      const { json } = await seen(
        watcher,
        `${BASE}/half/masks`,
        ({ source, masks }) => source === wanted && (masks as unknown[]).length > 0,
        after,
      );
      expect((json.masks as MaskItem[])[0]?.depth, wanted).toMatchObject({ median: 1.2 });
    }
    await watcher.send(`${BASE}/request/tracks`, { transaction: 'r', camera: 'half', remove: 'all' });
  });

  it('is left out where the source gives none, and stats, info and log say why', async () => {
    const answer = await ask(watcher, 'wrong', PROMPT);
    expect(itemOf(answer, 'box')).not.toHaveProperty('depth');
    const depth = await statsOf('wrong', ({ missed }) => Number(missed) > 0);
    expect(depth).toMatchObject({ matched: 0, problem: expect.stringMatching(/\w/) });
    expect(service.log()).toContain('wrong (depth)');
    await watcher.send(`${BASE}/request/info`, { transaction: 'i' });
    const { json } = await seen(watcher, `${BASE}/response/info`, ({ transaction }) => transaction === 'i');
    expect(json).toMatchObject({
      data: { cameras: { wrong: { state: 'streaming', depth: { error: { code: 'no_frame' } } } } },
    });
  });

  it('is left out where the picture has another shape than the frame', async () => {
    await statsOf('square', ({ state }) => state === 'streaming');
    expect(itemOf(await ask(watcher, 'square', PROMPT), 'box')).not.toHaveProperty('depth');
    const depth = await statsOf('square', ({ missed }) => Number(missed) > 0);
    expect(depth?.problem).toContain('320x240');
    expect(depth?.problem).toContain('240x240');
  });

  it('is no word of a camera without depth', async () => {
    expect(itemOf(await ask(watcher, 'plain', PROMPT), 'box')).not.toHaveProperty('depth');
  });

  it('comes over shared memory; when that process dies masks go on without, and with it again when it is back', async () => {
    await statsOf('shared', ({ state }) => state === 'streaming');
    expectScene(await ask(watcher, 'shared', PROMPT));
    sharing.kill('SIGKILL');
    await statsOf('shared', ({ state }) => state === 'failed');
    const without = await ask(watcher, 'shared', PROMPT);
    expect(itemOf(without, 'box')).not.toHaveProperty('depth');
    expect(itemOf(without, 'box').area).toBeGreaterThan(0);
    expect((await statsOf('shared', ({ missed }) => Number(missed) > 0))?.problem).toMatch(/\w/);
    await rm(socket, { force: true });
    share(depthPath);
    await statsOf('shared', ({ state }) => state === 'streaming');
    expectScene(await ask(watcher, 'shared', PROMPT));
  });

  it('keeps no frame longer than its camera’s last answer', async () => {
    const { json } = await seen(watcher, `${BASE}/stats`, () => true, watcher.received.length);
    expect(json.framesInUse).toBeLessThanOrEqual(6);
  });
});
