import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { segmentEverything } from '../../src/everything/generate.js';
import { EVERYTHING_DEFAULTS, type EverythingResult } from '../../src/everything/types.js';
import { readModelDirectory } from '../../src/models/directory.js';
import { loadAddon } from '../../src/native/addon.js';
import { createSegmenter } from '../../src/segment/create.js';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { decodeRle } from '../segment/coco-rle.js';
import { maskIou } from '../segment/expected.js';
import { type Picture, testPicture } from '../segment/picture.js';
import { type OfficialOptions, officialMasks } from './official.js';

const MODEL = semanticModel('sam', { size: 128 });
const PICTURE = testPicture(150, 101);

const dir = mkdtempSync(join(tmpdir(), 'samwire-everything-'));
const addon = loadAddon();
let segmenter: Segmenter;
beforeAll(async () => {
  writeSemanticModel(dir, MODEL);
  segmenter = await createSegmenter({
    model: await readModelDirectory(dir),
    threads: 1,
    log: pino({ level: 'silent' }),
  });
});
afterEach(() => expect(addon.framesInUse()).toBe(0));
afterAll(async () => {
  await segmenter.close();
  rmSync(dir, { recursive: true, force: true });
});

async function everything(
  { width, height, rgb }: Picture,
  {
    pointsPerSide,
    predIou,
    stability,
    boxNms,
    cropLayers,
    cropNms,
    cropOverlap,
    cropDownscale,
    minArea,
  }: OfficialOptions,
): Promise<EverythingResult> {
  const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 1, seq: 0 });
  try {
    return await segmentEverything({
      frame,
      segment: (request) => segmenter.segment(request),
      addon,
      options: {
        ...EVERYTHING_DEFAULTS,
        strategy: 'grid',
        grid: pointsPerSide,
        minScore: predIou,
        minStability: stability,
        nmsIou: boxNms,
        cropLayers,
        cropNmsIou: cropNms,
        cropOverlap,
        cropPointsDownscale: cropDownscale,
        minRegionArea: minArea,
      },
    });
  } finally {
    addon.releaseFrame(frame.id);
  }
}

/** Thresholds for the semantic model's scores, which lie between those of its candidates. */
const USUAL: OfficialOptions = {
  pointsPerSide: 5,
  predIou: 0.58,
  stability: 0.12,
  boxNms: 0.5,
  cropLayers: 0,
  cropNms: 0.7,
  cropOverlap: 512 / 1500,
  cropDownscale: 1,
  minArea: 0,
};

async function expectOfficial(picture: Picture, options: OfficialOptions): Promise<EverythingResult> {
  const wanted = officialMasks(MODEL, picture, options);
  const got = await everything(picture, options);
  expect(wanted.length).toBeGreaterThan(2);
  expect(got.masks.length).toBe(wanted.length);
  wanted.forEach((expected, i) => {
    const mask = got.masks[i];
    if (!mask) throw new Error(`no mask ${i}`);
    const name = `mask ${i} of ${wanted.length}`;
    expect(mask.score, name).toBeCloseTo(expected.iou, 4);
    expect(maskIou(decodeRle(mask.rle), expected.mask), name).toBeGreaterThanOrEqual(0.999);
    expect(Math.abs(mask.stability - expected.stability), name).toBeLessThan(2e-3);
    expect(mask.point?.[0], name).toBeCloseTo(expected.point[0], 6);
    expect(mask.point?.[1], name).toBeCloseTo(expected.point[1], 6);
    expect(mask.cropBox, name).toEqual(expected.crop);
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = expected.box;
    expect(mask.box, name).toEqual([x1, y1, x2 + 1, y2 + 1]);
    expect(mask.rle.size).toEqual([picture.height, picture.width]);
  });
  return got;
}

/** The picture with dots of another colour on it, which are holes and islands to the model. */
function dotted({ width, height, rgb }: Picture): Picture {
  const dots = rgb.slice();
  for (let y = 6; y < height - 8; y += 23)
    for (let x = 9; x < width - 8; x += 29)
      for (let dy = 0; dy < 7; dy++)
        for (let dx = 0; dx < 7; dx++) dots.set([250, 240, 20], 3 * ((y + dy) * width + x + dx));
  return { width, height, rgb: dots };
}

describe('a request that names a level of the logits', () => {
  it('gets masks at that level: those of 1 and -1 are what the stability is made of', async () => {
    const { width, height, rgb } = PICTURE;
    const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 1, seq: 0 });
    try {
      const at = async (threshold?: number) => {
        const prompt = { id: 'p', points: [{ x: 60, y: 40, label: 1 as const }], multimask: true };
        const level = threshold === undefined ? {} : { threshold };
        const { results } = await segmenter.segment({ frame, prompts: [prompt], ...level });
        const [result] = results;
        if (!result || 'error' in result) throw new Error('no masks');
        return result.candidates;
      };
      const [usual, high, low] = [await at(), await at(1), await at(-1)];
      for (const [i, { stability }] of usual.entries())
        expect((high[i]?.area ?? 0) / (low[i]?.area ?? 1)).toBeCloseTo(stability, 6);
      expect(high[0]?.area).toBeLessThan(usual[0]?.area ?? 0);
    } finally {
      addon.releaseFrame(frame.id);
    }
  });
});

describe('the grid, held against the official generator written in the test', () => {
  it('finds the same masks in the same order', async () => {
    const { prompts, runs } = await expectOfficial(PICTURE, USUAL);
    expect(prompts).toBe(25);
    expect(runs).toBe(2);
  });

  it('drops nothing at thresholds of 0', async () => {
    const { masks } = await expectOfficial(PICTURE, {
      ...USUAL,
      pointsPerSide: 3,
      predIou: 0,
      stability: 0,
      boxNms: 1,
    });
    expect(masks.length).toBe(27);
  });

  it('looks into crops, and leaves out what they cut', async () => {
    const options = { ...USUAL, cropLayers: 2, cropDownscale: 2, pointsPerSide: 6 };
    const { masks, prompts } = await expectOfficial(PICTURE, options);
    expect(prompts).toBe(36 + 4 * 9 + 16 * 1);
    const ofCrops = masks.filter(({ cropBox }) => cropBox[2] - cropBox[0] < PICTURE.width);
    expect(ofCrops.length).toBeGreaterThan(3);
    // Smaller crops come first, and their low-res form is that of the whole frame.
    expect(masks.slice(0, ofCrops.length)).toEqual(ofCrops);
    for (const { lowres } of masks) expect(lowres.size[1] / lowres.size[0]).toBeCloseTo(150 / 101, 1);
  });

  it('cleans small regions, and prefers what was clean', async () => {
    const picture = dotted(PICTURE);
    const before = await everything(picture, USUAL);
    const after = await expectOfficial(picture, { ...USUAL, minArea: 60 });
    const areas = before.masks.map(({ area }) => area);
    const changed = after.masks.map(({ area }) => !areas.includes(area));
    expect(changed).toContain(true);
    expect(changed).toContain(false);
    expect(changed.indexOf(true)).toBeGreaterThan(changed.lastIndexOf(false));
  });
});
