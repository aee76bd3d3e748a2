import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvalAnnotation, EvalImage } from '../../src/eval/annotations.js';
import { compressRuns, trueMask } from '../../src/eval/segmentation.js';
import { loadAddon } from '../../src/native/addon.js';
import { compress, decodeRle, encodeRle } from '../segment/coco-rle.js';

const addon = loadAddon();
const SIZE = { width: 24, height: 18 };

function maskOf(segmentation: EvalAnnotation['segmentation']): ReturnType<typeof trueMask> {
  const annotation = { id: 1, path: 'annotations[4]', category: 'cup', segmentation } as EvalAnnotation;
  const image: EvalImage = { id: 1, fileName: 'a.png', ...SIZE, annotations: [annotation] };
  return trueMask(annotation, image, addon);
}

/** A rectangle, row-major. */
const rectangle = (x1: number, y1: number, x2: number, y2: number): Uint8Array =>
  Uint8Array.from({ length: SIZE.width * SIZE.height }, (_, i) => {
    const [x, y] = [i % SIZE.width, Math.floor(i / SIZE.width)];
    return Number(x >= x1 && x < x2 && y >= y1 && y < y2);
  });

describe('run lengths', () => {
  it('become the same text as by an encoder written apart', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 31 - 1 })), (runs) => {
        expect(compressRuns(runs)).toBe(compress(runs));
      }),
    );
  });
});

describe('the mask of an annotation', () => {
  const box = [5, 3, 17, 12] as const;
  const expected = { area: 12 * 9, box: [...box] };
  const { counts } = encodeRle(rectangle(...box), SIZE.width, SIZE.height);

  it('is the same from compressed RLE, run lengths and a polygon', () => {
    const runs: number[] = [5 * 18 + 3];
    for (let x = 0; x < 12; x++) runs.push(9, x < 11 ? 9 : 24 * 18 - 16 * 18 - 12);
    const polygon = [[5, 3, 17, 3, 17, 12, 5, 12]];
    for (const segmentation of [
      { size: [18, 24] as [number, number], counts },
      { size: [18, 24] as [number, number], counts: runs },
      polygon,
    ]) {
      const mask = maskOf(segmentation);
      expect(mask).toMatchObject(expected);
      expect(decodeRle({ size: [18, 24], counts: mask.counts })).toEqual(rectangle(...box));
    }
  });

  it('is refused with its path when it does not fit the picture or itself', () => {
    expect(() => maskOf({ size: [24, 18], counts })).toThrow(
      /annotations\[4\]\.segmentation: Expected a mask of the picture's size \[18, 24\], got \[24, 18\]/,
    );
    expect(() => maskOf({ size: [18, 24], counts: [3, 4] })).toThrow(
      /annotations\[4\]\.segmentation: Expected runs/,
    );
  });
});
