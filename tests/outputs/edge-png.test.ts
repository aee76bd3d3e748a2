import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { edgePng } from '../../src/outputs/edge-png.js';

const [width, height] = [64, 48];
/** Noise, which a PNG can't make much smaller. */
const data = Uint8Array.from({ length: width * height }, (_, i) => (i * 7919) % 251);

describe('an edge map as a PNG', () => {
  it('has the levels of the map', async () => {
    const png = await edgePng({ data, width, height }, 100_000);
    const { data: levels, info } = await sharp(png)
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width, height, channels: 1 });
    expect([...levels]).toEqual([...data]);
  });

  it('is smaller where it must be, and refused where it can not be small enough', async () => {
    const whole = await edgePng({ data, width, height }, 100_000);
    const half = await edgePng({ data, width, height }, whole.length - 1);
    expect(await sharp(half).metadata()).toMatchObject({ width: 32, height: 24, channels: 1 });
    await expect(edgePng({ data, width, height }, 50)).rejects.toMatchObject({ code: 'too_large' });
  });
});
