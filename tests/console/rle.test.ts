import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  decodeCounts,
  encodeCounts,
  encodePixels,
  maskPixels,
} from '../../console/src/masks/rle.js';
import { loadAddon } from '../../src/native/addon.js';

const addon = loadAddon();

interface Mask {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Blobs rather than noise: runs that go over columns, and short ones. */
const masks: fc.Arbitrary<Mask> = fc
  .record({
    width: fc.integer({ min: 1, max: 40 }),
    height: fc.integer({ min: 1, max: 40 }),
    runs: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 }),
    first: fc.boolean(),
  })
  .map(({ width, height, runs, first }) => {
    const pixels = new Uint8Array(width * height);
    let at = 0;
    runs.forEach((length, i) => {
      if ((i % 2 === 0) === first) pixels.fill(1, at, at + length);
      at += length;
    });
    return { width, height, pixels };
  });

describe("the browser's RLE", () => {
  it('decodes to the pixels that the addon decodes to', () => {
    fc.assert(
      fc.property(masks, ({ width, height, pixels }) => {
        const { counts } = addon.maskToRle(pixels, width, height);
        const decoded = maskPixels({ size: [height, width], counts });
        const expected = addon.rleToMask(counts, width, height);
        expect(Array.from(decoded, (value) => value !== 0)).toEqual(
          Array.from(expected, (value) => value !== 0),
        );
        expect(decoded.every((value) => value === 0 || value === 255)).toBe(true);
      }),
    );
  });

  it("encodes to the addon's counts, character by character", () => {
    fc.assert(
      fc.property(masks, ({ width, height, pixels }) => {
        const { counts } = addon.maskToRle(pixels, width, height);
        expect(encodePixels(pixels, { width, height })).toEqual({ size: [height, width], counts });
        expect(encodeCounts(decodeCounts(counts))).toBe(counts);
      }),
    );
  });

  it("decodes counts as COCO's C code writes them", () => {
    // Of 4 rows and 5 columns, rows 1 and 2 of columns 1 to 3.
    const mask = maskPixels({ size: [4, 5], counts: '5220003' });
    const rows = [0, 5, 10, 15].map((start) => Array.from(mask.slice(start, start + 5), (v) => (v ? 1 : 0)));
    expect(rows).toEqual([
      [0, 0, 0, 0, 0],
      [0, 1, 1, 1, 0],
      [0, 1, 1, 1, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it('holds runs of a picture of 8192 by 8192', () => {
    const runs = [67_108_863, 1];
    expect(decodeCounts(encodeCounts(runs))).toEqual(runs);
  });

  it('says whether a pixel is inside', () => {
    fc.assert(
      fc.property(masks, fc.integer({ min: -3, max: 43 }), fc.integer({ min: -3, max: 43 }), (mask, x, y) => {
        const { width, height, pixels } = mask;
        const isIn = x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] === 1;
        expect(contains(encodePixels(pixels, mask), x + 0.5, y + 0.5)).toBe(isIn);
      }),
    );
  });

  it('refuses counts that end within a number, or hold other characters', () => {
    for (const counts of ['P', 'é', '1 2', 'ooooooooo', '31O~'])
      expect(() => decodeCounts(counts)).toThrow('Expected the counts of a COCO RLE');
  });

  it('leaves out what reaches beyond the picture', () => {
    expect(maskPixels({ size: [2, 2], counts: encodeCounts([3, 500, 1]) })).toEqual(
      new Uint8Array([0, 0, 0, 255]),
    );
  });
});
