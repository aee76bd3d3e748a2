import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { edgePng } from '../../src/outputs/edge-png.js';

const [width, height] = [61, 40];
/** Noise, which a PNG can't make much smaller. */
const data = Uint8Array.from({ length: width * height }, (_, i) => (i * 7919) % 251);
const map = { width, height, data };

async function levelsOf(png: Buffer): Promise<{ levels: number[]; size: number[] }> {
  expect(await sharp(png).metadata()).toMatchObject({ format: 'png', space: 'b-w', depth: 'uchar' });
  const { data: levels, info } = await sharp(png)
    .extractChannel(0)
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { levels: [...levels], size: [info.height, info.width] };
}

describe('an edge map as a PNG', () => {
  it('has the levels of the map', async () => {
    const { png, size } = await edgePng(map);
    expect(size).toEqual([height, width]);
    expect(await levelsOf(png)).toEqual({ levels: [...data], size });
  });

  it('is halved where it must be, and keeps the strongest of four pixels', async () => {
    const whole = await edgePng(map);
    const half = await edgePng(map, whole.png.length - 1);
    const at = (x: number, y: number): number => (x < width && y < height ? (data[y * width + x] ?? 0) : 0);
    const expected = Array.from({ length: 20 * 31 }, (_, i) => {
      const [x, y] = [2 * (i % 31), 2 * Math.floor(i / 31)];
      return Math.max(at(x, y), at(x + 1, y), at(x, y + 1), at(x + 1, y + 1));
    });
    expect(half.size).toEqual([20, 31]);
    expect(await levelsOf(half.png)).toEqual({ levels: expected, size: [20, 31] });
  });

  it('is refused where an eighth is too large', async () => {
    const eighth = await edgePng(map, 150);
    expect(eighth.size).toEqual([5, 8]);
    await expect(edgePng(map, eighth.png.length - 1)).rejects.toMatchObject({ code: 'too_large' });
  });
});
