import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { MaskItem } from '../../src/masks/types.js';
import { drawOverlay, renderOverlay } from '../../src/outputs/overlay.js';
import { coloursOf, PALETTE } from '../../src/outputs/palette.js';
import { decodeRle, encodeRle } from './coco-rle.js';
import { maskItem } from './messages.js';

const WIDTH = 320;
const HEIGHT = 200;
const GREY = 100;
const grey = Buffer.alloc(WIDTH * HEIGHT * 3, GREY);

/** A filled rectangle as a mask with its RLE. */
function block(
  id: string,
  box: readonly [number, number, number, number],
  extra: Partial<MaskItem> = {},
): MaskItem {
  const mask = new Uint8Array(WIDTH * HEIGHT);
  for (let y = box[1]; y < box[3]; y++) mask.fill(1, y * WIDTH + box[0], y * WIDTH + box[2]);
  const rle = { size: [HEIGHT, WIDTH] as const, counts: encodeRle(mask, WIDTH, HEIGHT) };
  return maskItem(id, { box, area: (box[2] - box[0]) * (box[3] - box[1]), rle, ...extra });
}

function draw(masks: Parameters<typeof drawOverlay>[0]['masks'], extra: object = {}): Buffer {
  return drawOverlay({ rgb: grey, width: WIDTH, height: HEIGHT, masks, decode: decodeRle, ...extra });
}

function at(rgb: Buffer, x: number, y: number): number[] {
  return [...rgb.subarray((y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3)];
}

/** The smallest box round all pixels that were changed: [x1, y1, exclusive x2, y2]. */
function changed(rgb: Buffer): number[] {
  const box = [WIDTH, HEIGHT, 0, 0];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      if (at(rgb, x, y).every((level) => level === GREY)) continue;
      box[0] = Math.min(box[0] as number, x);
      box[1] = Math.min(box[1] as number, y);
      box[2] = Math.max(box[2] as number, x + 1);
      box[3] = Math.max(box[3] as number, y + 1);
    }
  }
  return box;
}

describe('drawOverlay', () => {
  it('fills a mask with 45% of its colour inside a contour of the full colour', () => {
    const rgb = draw([block('cup', [100, 100, 180, 160])]);
    const colour = coloursOf(['cup']).get('cup') ?? [0, 0, 0];
    expect(at(rgb, 100, 130)).toEqual([...colour]);
    expect(at(rgb, 179, 159)).toEqual([...colour]);
    at(rgb, 140, 130).forEach((level, c) => {
      expect(level).toBeCloseTo(GREY + ((colour[c] as number) - GREY) * 0.45, -0.5);
    });
    expect(at(rgb, 181, 130)).toEqual([GREY, GREY, GREY]);
    expect(at(rgb, 140, 160)).toEqual([GREY, GREY, GREY]);
  });

  it('draws the contour of a hole as well', () => {
    const mask = new Uint8Array(WIDTH * HEIGHT);
    for (let y = 60; y < 160; y++) mask.fill(1, y * WIDTH + 60, y * WIDTH + 160);
    for (let y = 90; y < 130; y++) mask.fill(0, y * WIDTH + 90, y * WIDTH + 130);
    const counts = encodeRle(mask, WIDTH, HEIGHT);
    const rgb = draw([
      maskItem('ring', { area: 8400, box: [60, 60, 160, 160], rle: { size: [HEIGHT, WIDTH], counts } }),
    ]);
    expect(at(rgb, 110, 110)).toEqual([GREY, GREY, GREY]);
    expect(at(rgb, 89, 110)).toEqual([...(coloursOf(['ring']).get('ring') ?? [])]);
  });

  it('leaves the given picture alone', () => {
    const before = Buffer.from(grey);
    draw([block('cup', [100, 100, 180, 160])]);
    expect(grey.equals(before)).toBe(true);
  });

  it('keeps a small mask visible on a large one, whatever their order', () => {
    const small = block('small', [140, 120, 160, 140], { label: ' ' });
    const large = block('large', [60, 60, 260, 190]);
    expect(draw([small, large]).equals(draw([large, small]))).toBe(true);
    const colour = coloursOf(['large', 'small']).get('small') ?? [];
    expect(at(draw([large, small]), 140, 139)).toEqual([...colour]);
  });

  it.each([
    ['top left', [0, 0, 30, 20]],
    ['top right', [300, 0, 320, 20]],
    ['bottom right', [300, 190, 320, 200]],
    ['whole picture', [0, 0, 320, 200]],
  ] as const)('keeps the whole tag inside the picture: %s', (_, box) => {
    const text = draw([block('a', box, { label: 'W' })]);
    const other = draw([block('a', box, { label: 'x' })]);
    // Two labels of the same length change the same rectangle, and nothing is cut off at the edges.
    const middle = draw([block('a', [100, 100, 130, 120], { label: 'W' })]);
    const middleOther = draw([block('a', [100, 100, 130, 120], { label: 'x' })]);
    const differing = (a: Buffer, b: Buffer): number => a.filter((level, i) => level !== b[i]).length;
    expect(differing(text, other)).toBe(differing(middle, middleOther));
    expect(differing(text, other)).toBeGreaterThan(30);
  });

  it('writes the score and a label in any script without a font', () => {
    const box = [100, 100, 180, 160] as const;
    const plain = draw([block('a', box, { label: 'cup' })]);
    expect(plain.equals(draw([block('a', box, { label: 'cap' })]))).toBe(false);
    expect(plain.equals(draw([block('a', box, { label: 'cup', score: 0.12 })]))).toBe(false);
    expect(plain.equals(draw([block('a', box, { label: 'cúp' })]))).toBe(true);
    expect(plain.equals(draw([block('a', box, { label: '杯杯杯' })]))).toBe(false);
  });

  it('shortens a label that is wider than the picture', () => {
    const rgb = draw([block('a', [10, 100, 60, 160], { label: 'm'.repeat(500) })]);
    const [x1 = -1, , x2 = 0] = changed(rgb);
    expect(x1).toBeGreaterThanOrEqual(0);
    expect(x2).toBeLessThanOrEqual(WIDTH);
    expect(x2 - x1).toBeGreaterThan(200);
  });

  it('moves tags apart that would cover one another', () => {
    const box = [100, 100, 180, 160] as const;
    const two = draw([block('a', box), block('b', box)]);
    const colours = coloursOf(['a', 'b']);
    const count = (rgb: Buffer, id: string): number => {
      const colour = colours.get(id) ?? [];
      let pixels = 0;
      for (let i = 0; i < rgb.length; i += 3) if (colour.every((level, c) => rgb[i + c] === level)) pixels++;
      return pixels;
    };
    expect(count(two, 'a')).toBeGreaterThan(150);
    expect(count(two, 'b')).toBeGreaterThan(150);
  });

  it('draws the box of a mask without RLE, and nothing for an empty or a failed one', () => {
    const rgb = draw([maskItem('a', { box: [50, 60, 90, 120], area: 100, label: ' ' })]);
    expect(at(rgb, 50, 90)).toEqual([...(coloursOf(['a']).get('a') ?? [])]);
    expect(at(rgb, 70, 90)).toEqual([GREY, GREY, GREY]);
    const nothing = draw([
      maskItem('a', { box: null, area: 0 }),
      { id: 'b', error: { code: 'model_failed', message: 'x' } },
    ]);
    expect(nothing.equals(grey)).toBe(true);
  });

  it('tells foreground and background points apart without colours', () => {
    const point = (label: 0 | 1) => draw([], { prompts: [{ id: 'p', points: [{ x: 100, y: 100, label }] }] });
    expect(at(point(1), 102, 98)).not.toEqual(at(point(0), 102, 98));
    expect(changed(point(1))).toEqual(changed(point(0)));
  });

  it('draws prompts at and beyond the picture’s edge without harm', () => {
    const prompts = [
      { id: 'p', box: [0, 0, WIDTH, HEIGHT] as const, points: [{ x: 0, y: HEIGHT - 1, label: 1 as const }] },
    ];
    expect(changed(draw([], { prompts }))).toEqual([0, 0, WIDTH, HEIGHT]);
  });

  it('works on pictures too small for a tag', () => {
    const rgb = drawOverlay({
      rgb: Buffer.alloc(12, GREY),
      width: 2,
      height: 2,
      masks: [
        maskItem('a', {
          box: [0, 0, 2, 2],
          area: 4,
          rle: { size: [2, 2], counts: encodeRle(new Uint8Array(4).fill(1), 2, 2) },
        }),
      ],
      decode: decodeRle,
    });
    expect([...rgb.subarray(0, 3)]).toEqual([...(coloursOf(['a']).get('a') ?? [])]);
  });

  it('refuses a picture of another size', () => {
    expect(() => drawOverlay({ rgb: grey, width: 10, height: 10, masks: [], decode: decodeRle })).toThrow(
      RangeError,
    );
  });
});

describe('renderOverlay', () => {
  it('gives a PNG with exactly the drawn pixels, or a JPEG close to them', async () => {
    const options = {
      rgb: grey,
      width: WIDTH,
      height: HEIGHT,
      masks: [block('cup', [100, 100, 180, 160])],
      decode: decodeRle,
    };
    const drawn = drawOverlay(options);
    const png = await sharp(await renderOverlay(options))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(png.info).toMatchObject({ width: WIDTH, height: HEIGHT, channels: 3 });
    expect(png.data.equals(drawn)).toBe(true);
    const jpeg = await renderOverlay({ ...options, format: 'jpeg' });
    expect((await sharp(jpeg).metadata()).format).toBe('jpeg');
    const pixels = await sharp(jpeg).raw().toBuffer();
    const error =
      pixels.reduce((sum, level, i) => sum + Math.abs(level - (drawn[i] as number)), 0) / drawn.length;
    expect(error).toBeLessThan(3);
  });
});

describe('coloursOf', () => {
  it('keeps an id’s colour whatever other ids come and go, where they do not clash', () => {
    const alone = coloursOf(['cup']).get('cup');
    expect(coloursOf(['cup']).get('cup')).toBe(alone);
    expect(coloursOf(['a', 'cup', 'cup']).get('cup')).toBeDefined();
  });

  it('gives as many ids as the palette has a colour each', () => {
    const ids = Array.from({ length: PALETTE.length }, (_, i) => `object-${i}`);
    expect(new Set(coloursOf(ids).values()).size).toBe(PALETTE.length);
    expect(coloursOf([...ids, 'more', 'and more']).size).toBe(PALETTE.length + 2);
  });

  it('does not depend on the order of the ids', () => {
    expect([...coloursOf(['b', 'a', 'c'])]).toEqual([...coloursOf(['c', 'b', 'a'])]);
  });
});
