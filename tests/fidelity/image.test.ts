import { describe, expect, it } from 'vitest';
import { imagePlacement, imageSpec } from '../../src/models/geometry.js';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeImageSpec, Placement } from '../../src/native/types.js';
import { FAMILIES, FIXTURES_PRESENT, manifestFor, type Pixels, readFixtures, readRgb } from './fixtures.js';

const SAMPLE_TOLERANCE = 0.02;
const STATS_TOLERANCE = 1e-3;

function prepared(picture: Pixels, spec: NativeImageSpec): { tensor: Float32Array; placement: Placement } {
  const addon = loadAddon();
  const { width, height, data } = picture;
  const frame = addon.createFrame({ format: 'RGB', width, height, data, timestamp: 0, seq: 0 });
  try {
    const { tensorWidth, tensorHeight } = addon.place(spec, width, height);
    const tensor = new Float32Array(3 * tensorWidth * tensorHeight);
    return { tensor, placement: addon.prepareImage(frame.id, spec, tensor) };
  } finally {
    addon.releaseFrame(frame.id);
  }
}

/** How many of the resized picture's values are not those of `expected`, packed RGB of the placement's size. */
function differentLevels(tensor: Float32Array, placement: Placement, expected: Pixels): number {
  let different = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < placement.height; y++) {
      for (let x = 0; x < placement.width; x++) {
        const at = (channel * placement.tensorHeight + placement.y + y) * placement.tensorWidth;
        const ours = tensor[at + placement.x + x] ?? Number.NaN;
        const theirs = expected.data[(y * expected.width + x) * 3 + channel] ?? Number.NaN;
        if (ours !== theirs) different++;
      }
    }
  }
  return different;
}

function statsOf(tensor: Float32Array): { mean: number; std: number; min: number; max: number } {
  let sum = 0;
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of tensor) {
    sum += value;
    squares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / tensor.length;
  return { mean, std: Math.sqrt(squares / tensor.length - mean * mean), min, max };
}

/** Levels as they are: the filter and the placement alone. */
const LEVELS = { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;

describe.skipIf(!FIXTURES_PRESENT)('pictures are resized as the authors resize them, to the bit', () => {
  it.each(FAMILIES)('for $folder', async (family) => {
    const { images } = readFixtures(family.folder);
    const manifest = manifestFor(family);
    for (const image of Object.values(images)) {
      const picture = await readRgb(family.folder, image.file);
      const { tensor, placement } = prepared(picture, { ...imageSpec(manifest), ...LEVELS });
      expect(placement).toEqual(imagePlacement(manifest, image));
      const [width, height] = image.resized ?? [image.width, image.height];
      expect([placement.width, placement.height]).toEqual([width, height]);
      // Only two families have a resized picture of their own; EdgeSAM's is MobileSAM's, EfficientSAM's the original.
      const file = image.resized_file ?? RESIZED_LIKE[family.folder]?.(image.file, width, height);
      if (file === undefined) continue;
      const expected = await readRgb(family.folder, file);
      expect(differentLevels(tensor, placement, expected), image.file).toBe(0);
    }
  });
});

const RESIZED_LIKE: Readonly<Record<string, (file: string, width: number, height: number) => string>> = {
  edgesam: (file, width, height) => file.replace('.jpg', `.pil_bilinear_${width}x${height}.png`),
  efficientsam_ti: (file) => file,
};

describe.skipIf(!FIXTURES_PRESENT)('encoder tensors hold what the authors feed', () => {
  it.each(FAMILIES)('for $folder', async (family) => {
    const { images } = readFixtures(family.folder);
    const spec = imageSpec(manifestFor(family));
    for (const image of Object.values(images)) {
      const { tensor, placement } = prepared(await readRgb(family.folder, image.file), spec);
      const { tensorWidth, tensorHeight } = placement;
      expect([1, 3, tensorHeight, tensorWidth]).toEqual(image.input_shape);
      for (const { c, y, x, v } of image.input_samples) {
        const ours = tensor[(c * tensorHeight + y) * tensorWidth + x] ?? Number.NaN;
        expect(Math.abs(ours - v), `${image.file} at ${c},${y},${x}`).toBeLessThanOrEqual(SAMPLE_TOLERANCE);
      }
      const stats = statsOf(tensor);
      expect(Math.abs(stats.mean - image.input_stats.mean)).toBeLessThanOrEqual(STATS_TOLERANCE);
      expect(Math.abs(stats.std - image.input_stats.std)).toBeLessThanOrEqual(STATS_TOLERANCE);
      expect(Math.abs(stats.min - image.input_stats.min)).toBeLessThanOrEqual(SAMPLE_TOLERANCE);
      expect(Math.abs(stats.max - image.input_stats.max)).toBeLessThanOrEqual(SAMPLE_TOLERANCE);
    }
  });
});
