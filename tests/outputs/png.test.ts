import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { croppedPng, maskFileName, maskPng } from '../../src/outputs/png.js';

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 30 }) })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      mask: fc.uint8Array({ min: 0, max: 2, minLength: width * height, maxLength: width * height }),
      x: fc.tuple(fc.nat(width - 1), fc.nat(width - 1)),
      y: fc.tuple(fc.nat(height - 1), fc.nat(height - 1)),
    }),
  );

/** Pixels as any PNG reader sees them: one channel, 0 or 255. */
async function pixels(png: Buffer): Promise<Buffer> {
  return sharp(png).toColourspace('b-w').raw().toBuffer();
}

describe('maskPng', () => {
  it('is an 8-bit greyscale PNG of the frame size, 0 outside and 255 inside', async () => {
    await fc.assert(
      fc.asyncProperty(picture, async ({ mask, width, height }) => {
        const png = await maskPng({ mask, width, height });
        expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width, height, channels: 1 });
        // Bit depth and colour type, as the file's header has them.
        expect([png[24], png[25]]).toEqual([8, 0]);
        expect([...(await pixels(png))]).toEqual([...mask].map((value) => (value === 0 ? 0 : 255)));
      }),
      { numRuns: 40 },
    );
  });

  it('refuses a mask of another size', async () => {
    await expect(maskPng({ mask: new Uint8Array(5), width: 2, height: 3 })).rejects.toThrow(RangeError);
  });
});

describe('croppedPng', () => {
  it('is base64 of a 1-bit greyscale PNG of exactly the box', async () => {
    await fc.assert(
      fc.asyncProperty(picture, async ({ mask, width, height, x, y }) => {
        const [x1, x2] = [Math.min(...x), Math.max(...x) + 1];
        const [y1, y2] = [Math.min(...y), Math.max(...y) + 1];
        const png = Buffer.from(await croppedPng({ mask, width, height, box: [x1, y1, x2, y2] }), 'base64');
        expect(await sharp(png).metadata()).toMatchObject({ width: x2 - x1, height: y2 - y1 });
        expect([png[24], png[25]]).toEqual([1, 0]);
        const expected: number[] = [];
        for (let row = y1; row < y2; row++) {
          for (let column = x1; column < x2; column++) {
            expected.push(mask[row * width + column] === 0 ? 0 : 255);
          }
        }
        expect([...(await pixels(png))]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [[-1, 0, 1, 1]],
    [[0, 0, 3, 1]],
    [[1, 0, 1, 1]],
    [[0, 2, 1, 1]],
    [[0, 0, Number.NaN, 1]],
  ] as const)('refuses the box %j on a 2×2 mask', async (box) => {
    await expect(croppedPng({ mask: new Uint8Array(4), width: 2, height: 2, box })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('maskFileName', () => {
  it.each([
    ['cup', 'cup.png'],
    ['cup#1', 'cup%231.png'],
    ['a/../b', 'a%2F..%2Fb.png'],
    ['front:1', 'front%3A1.png'],
    ['Tasse ä', 'Tasse%20%C3%A4.png'],
    ['100%', '100%25.png'],
    ['.', '..png'],
    ['..', '...png'],
  ])('writes %s as %s', (id, name) => {
    expect(maskFileName(id)).toBe(name);
  });

  it('gives every id a name of its own that stays in its folder and decodes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (id) => {
        const name = maskFileName(id);
        expect(name).toMatch(/^([A-Za-z0-9._-]|%[0-9A-F]{2})*\.png$/);
        expect(decodeURIComponent(name.slice(0, -4))).toBe(id);
      }),
    );
  });
});
