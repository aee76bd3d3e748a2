import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sceneMasks } from '../../../src/demo/scene/masks.js';
import { createStillLife, renderFrame } from '../../../src/demo/scene/render.js';
import {
  placeObjects,
  SCENE_FPS,
  SCENE_FRAMES,
  SCENE_HEIGHT,
  SCENE_PERIOD_MS,
  SCENE_WIDTH,
} from '../../../src/demo/scene/scene.js';
import {
  DEMO_CLIP_PATH,
  DEMO_TRUTH_PATH,
  loadTruth,
  parseTruth,
  type Truth,
  truthAt,
} from '../../../src/demo/scene/truth.js';

const run = promisify(execFile);
const gstreamer = spawnSync('gst-launch-1.0', ['--version']).status === 0;

let truth: Truth;
let workDir: string;
beforeAll(async () => {
  truth = await loadTruth();
  workDir = await mkdtemp(join(tmpdir(), 'samwire-clip-'));
});
afterAll(async () => {
  await rm(workDir, { recursive: true, force: true });
});

describe('the demo clip’s truth', () => {
  it('describes every frame of the scene as it is drawn today', () => {
    expect(truth).toMatchObject({ width: SCENE_WIDTH, height: SCENE_HEIGHT, fps: SCENE_FPS });
    expect(truth.durationMs).toBe(SCENE_PERIOD_MS);
    expect(truth.frames).toHaveLength(SCENE_FRAMES);
    expect(truth.objects).toEqual(placeObjects(0).map(({ object: { id, label } }) => ({ id, label })));
  });

  it.each([0, 77, 210])('holds the traced masks’ boxes, points and areas in frame %i', (frame) => {
    const timeMs = (frame * 1000) / SCENE_FPS;
    const objects = truthAt(truth, timeMs);
    const masks = sceneMasks(timeMs);
    expect(objects.map(({ id }) => id)).toEqual(masks.map(({ id }) => id));
    // Not to the last pixel: sines may differ in their last bit from one machine to another.
    masks.forEach(({ box, area, mask, occlusion }, i) => {
      const object = objects[i];
      expect(object).toBeDefined();
      if (!object) return;
      object.box.forEach((edge, k) => {
        expect(Math.abs(edge - (box[k] as number))).toBeLessThanOrEqual(1);
      });
      expect(Math.abs(object.area - area)).toBeLessThanOrEqual(area * 0.001);
      expect(object.occlusion).toBeCloseTo(occlusion, 2);
      expect(mask[object.point[1] * SCENE_WIDTH + object.point[0]]).toBe(1);
    });
  });

  it('repeats with the clip, and takes the nearest frame', () => {
    expect(truthAt(truth, SCENE_PERIOD_MS + 80)).toEqual(truthAt(truth, 80));
    expect(truthAt(truth, 95)).toEqual(truthAt(truth, 80));
    expect(truthAt(truth, SCENE_PERIOD_MS - 5)).toEqual(truthAt(truth, 0));
  });

  it('is refused where a frame lacks an object', () => {
    expect(() => parseTruth({ ...truth, frames: [truth.frames[0]?.slice(1)] })).toThrow();
    expect(() => parseTruth({ ...truth, columns: ['x1'] })).toThrow();
  });

  it('is small enough to be committed, like the clip', async () => {
    expect((await stat(DEMO_TRUTH_PATH)).size).toBeLessThan(300_000);
    expect((await stat(DEMO_CLIP_PATH)).size).toBeLessThan(1_500_000);
  });
});

/** Decodes the clip with the elements of gstreamer1.0-plugins-base and -good alone. */
async function decode(size: { width: number; height: number }, frames?: number): Promise<Buffer> {
  const path = join(workDir, `${size.width}.rgb`);
  const caps = `video/x-raw,format=RGB,width=${size.width},height=${size.height}`;
  const end = frames === undefined ? [] : ['!', 'identity', `eos-after=${frames + 1}`];
  await run('gst-launch-1.0', [
    ...['-q', 'filesrc', `location=${DEMO_CLIP_PATH}`, '!', 'matroskademux', '!', 'vp8dec', ...end],
    ...['!', 'videoconvert', '!', 'videoscale', '!', caps, '!', 'filesink', `location=${path}`],
  ]);
  return readFile(path);
}

describe.skipIf(!gstreamer)('the demo clip (needs gst-launch-1.0)', () => {
  it('has as many frames as the truth and no seam where it loops', async () => {
    const size = 32 * 18 * 3;
    const small = await decode({ width: 32, height: 18 });
    expect(small.length / size).toBe(SCENE_FRAMES);
    const change = (a: number, b: number): number => {
      let sum = 0;
      for (let i = 0; i < size; i++) {
        sum += Math.abs((small[a * size + i] as number) - (small[b * size + i] as number));
      }
      return sum / size;
    };
    const steps = Array.from({ length: SCENE_FRAMES - 1 }, (_, i) => change(i, i + 1));
    expect(change(SCENE_FRAMES - 1, 0)).toBeLessThan(2 * Math.max(...steps));
    expect(Math.min(...steps.slice(0, 50))).toBeGreaterThan(0);
  });

  it('shows what the renderer draws', async () => {
    const picture = (await decode({ width: SCENE_WIDTH, height: SCENE_HEIGHT }, 1)).subarray(
      0,
      SCENE_WIDTH * SCENE_HEIGHT * 3,
    );
    const drawn = renderFrame(createStillLife(), 0);
    let squared = 0;
    for (let i = 0; i < drawn.length; i++) squared += ((drawn[i] as number) - (picture[i] as number)) ** 2;
    const psnr = 10 * Math.log10((255 * 255 * drawn.length) / squared);
    expect(psnr).toBeGreaterThan(32);
  });
});
