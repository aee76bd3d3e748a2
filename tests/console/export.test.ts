import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { cocoFile } from '../../console/src/export/coco.js';
import { filePart, fileStem } from '../../console/src/export/name.js';
import { greyPng } from '../../console/src/export/png.js';
import { encodePixels, maskPixels } from '../../console/src/masks/rle.js';
import type { MaskItem } from '../../src/masks/types.js';

const FRAME = { camera: 'front', seq: 12, timestamp: 1_767_139_200_000, width: 7, height: 5 };

function mask(id: string, label?: string): MaskItem {
  const pixels = new Uint8Array(35);
  pixels.fill(1, 9, 12);
  const rle = encodePixels(pixels, FRAME);
  return {
    id,
    ...(label === undefined ? {} : { label }),
    score: 0.91,
    stability: 0.9,
    area: 3,
    box: [2, 1, 5, 2],
    centroid: [3, 1],
    rle,
  };
}

describe('a mask as PNG', () => {
  it('has 8-bit grey of the size of the frame, 255 inside and 0 outside', async () => {
    const pixels = maskPixels(mask('cup').rle ?? { size: [0, 0], counts: '' });
    const png = await greyPng(pixels, FRAME);
    const picture = sharp(png);
    expect(await picture.metadata()).toMatchObject({
      format: 'png',
      width: 7,
      height: 5,
      channels: 1,
      depth: 'uchar',
    });
    const { data } = await picture.toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    expect(new Uint8Array(data)).toEqual(pixels);
  });

  it('is whole for large pictures as well', async () => {
    const size = { width: 1280, height: 720 };
    const pixels = new Uint8Array(size.width * size.height).map((_, i) => ((i * 7919) % 13 < 5 ? 255 : 0));
    const { data, info } = await sharp(await greyPng(pixels, size))
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info.channels).toBe(1);
    expect(Buffer.compare(data, Buffer.from(pixels))).toBe(0);
  });
});

describe('masks as COCO JSON', () => {
  it('are annotations of one picture, with categories by label', () => {
    const file = cocoFile(FRAME, [mask('object-1', 'cup'), mask('object-2'), mask('object-3', ' cup ')], 0);
    expect(file.images).toEqual([
      {
        id: 1,
        file_name: 'front-12.jpg',
        width: 7,
        height: 5,
        date_captured: '2025-12-31T00:00:00.000Z',
        camera: 'front',
        seq: 12,
      },
    ]);
    expect(file.categories).toEqual([
      { id: 1, name: 'cup' },
      { id: 2, name: 'object' },
    ]);
    expect(file.annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id])).toEqual([
      [1, 1, 1],
      [2, 1, 2],
      [3, 1, 1],
    ]);
    expect(file.annotations[0]).toMatchObject({
      segmentation: mask('x').rle,
      bbox: [2, 1, 3, 1],
      area: 3,
      iscrowd: 0,
      score: 0.91,
      name: 'object-1',
    });
  });

  it('leave out what is empty', () => {
    expect(cocoFile(FRAME, [{ ...mask('a'), box: null, area: 0 }], 0).annotations).toEqual([]);
  });
});

describe("a file's name", () => {
  it('is one on every system', () => {
    expect(fileStem({ camera: 'a:b', seq: 3 })).toBe('a_b-3');
    expect(filePart('object-1#2 / ä')).toBe('object-1_2_');
    expect(filePart('')).toBe('mask');
    expect(filePart('x'.repeat(500))).toHaveLength(64);
  });
});
