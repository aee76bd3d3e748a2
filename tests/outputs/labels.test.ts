import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { CocoRle, FailedMaskItem, MaskItem } from '../../src/masks/types.js';
import { loadAddon } from '../../src/native/addon.js';
import { labelsPng } from '../../src/outputs/labels.js';
import { encodeRle } from './coco-rle.js';
import { maskItem } from './messages.js';

const addon = loadAddon();
const WIDTH = 40;
const HEIGHT = 30;

/** The pixels of [x1, x2) × [y1, y2). */
function rectangle(x1: number, y1: number, x2: number, y2: number): Uint8Array {
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return Number(x >= x1 && x < x2 && y >= y1 && y < y2);
  });
}

interface Made {
  readonly items: (MaskItem | FailedMaskItem)[];
  readonly rles: Map<string, CocoRle>;
}

function made(masks: readonly (Uint8Array | null)[]): Made {
  const rles = new Map<string, CocoRle>();
  const items = masks.map((mask, i): MaskItem | FailedMaskItem => {
    const id = `m${i}`;
    if (!mask) return { id, error: { code: 'invalid_message', message: 'off' } };
    rles.set(id, { size: [HEIGHT, WIDTH], counts: encodeRle(mask, WIDTH, HEIGHT) });
    return maskItem(id, { area: mask.reduce((sum, inside) => sum + inside, 0) });
  });
  return { items, rles };
}

async function labelled(masks: readonly (Uint8Array | null)[], text = {}) {
  const { items, rles } = made(masks);
  const png = await labelsPng({ masks: items, rles, width: WIDTH, height: HEIGHT, text }, (...layers) =>
    addon.paintLabels(...layers),
  );
  const { width, height, channels, depth, space } = await sharp(png).metadata();
  const wide = depth === 'ushort';
  const { data } = await sharp(png)
    .toColourspace(wide ? 'grey16' : 'b-w')
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const labels = wide
    ? [...new Uint16Array(data.buffer, data.byteOffset, data.length / 2)]
    : [...new Uint8Array(data)];
  return { png, labels, header: { width, height, channels, depth, space } };
}

describe('a label image', () => {
  it('has label i + 1 where mask i is, and 0 elsewhere', async () => {
    const masks = [rectangle(0, 0, 5, 30), rectangle(10, 3, 40, 9), rectangle(39, 29, 40, 30)];
    const { labels, header } = await labelled(masks);
    expect(header).toEqual({ width: WIDTH, height: HEIGHT, channels: 1, depth: 'uchar', space: 'b-w' });
    expect(labels).toEqual(
      [...rectangle(0, 0, 0, 0)].map((_, p) => masks.findIndex((mask) => mask[p] === 1) + 1),
    );
  });

  it('lets the smaller of two masks lie on top, and of equal ones the earlier', async () => {
    const [table, cup] = [rectangle(0, 0, 30, 30), rectangle(10, 10, 20, 20)];
    for (const masks of [
      [table, cup],
      [cup, table],
    ]) {
      const { labels } = await labelled(masks);
      expect(labels[15 * WIDTH + 15]).toBe(masks.indexOf(cup) + 1);
      expect(labels[0]).toBe(masks.indexOf(table) + 1);
    }
    expect(new Set((await labelled([cup, cup, cup])).labels)).toEqual(new Set([0, 1]));
  });

  it('keeps the label of a mask that failed or is empty, without pixels', async () => {
    const { labels } = await labelled([null, rectangle(0, 0, 0, 0), rectangle(2, 2, 4, 4)]);
    expect(new Set(labels)).toEqual(new Set([0, 3]));
  });

  it('is all background for a message without masks', async () => {
    expect(new Set((await labelled([])).labels)).toEqual(new Set([0]));
  });

  it('has 8 bits for 255 masks and 16 for more', async () => {
    const pixel = (i: number) =>
      rectangle(i % WIDTH, Math.floor(i / WIDTH), (i % WIDTH) + 1, Math.floor(i / WIDTH) + 1);
    const masks = Array.from({ length: 300 }, (_, i) => pixel(i));
    expect((await labelled(masks.slice(0, 255))).header.depth).toBe('uchar');
    const { labels, header } = await labelled(masks);
    expect(header).toMatchObject({ depth: 'ushort', channels: 1 });
    expect(labels).toEqual(Array.from({ length: WIDTH * HEIGHT }, (_, p) => (p < 300 ? p + 1 : 0)));
  });

  it('carries what it belongs to as text of the PNG', async () => {
    const { png } = await labelled([], { seq: '12', timestamp: '1767139200000.25' });
    expect((await sharp(png).metadata()).comments).toEqual([
      { keyword: 'seq', text: '12' },
      { keyword: 'timestamp', text: '1767139200000.25' },
    ]);
  });

  it('rejects an RLE of another size', async () => {
    const { items } = made([rectangle(0, 0, 1, 1)]);
    const rles = new Map([['m0', { size: [2, 2] as const, counts: '4' }]]);
    await expect(
      labelsPng({ masks: items, rles, width: WIDTH, height: HEIGHT, text: {} }, (...layers) =>
        addon.paintLabels(...layers),
      ),
    ).rejects.toMatchObject({ code: 'invalid_message' });
  });
});
