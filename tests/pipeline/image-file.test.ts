import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import { loadImage } from '../../src/pipeline/image-file.js';
import { encode, testPicture } from '../segment/picture.js';

const addon = loadAddon();
const picture = testPicture(97, 61);

async function pixels(input: Buffer): Promise<Buffer> {
  const { frame, rgb } = await loadImage(input, { addon, maxPixels: 1e6, name: 'a picture' });
  expect(frame).toMatchObject({ width: 97, height: 61, format: 'RGB' });
  expect(Buffer.compare(addon.frameRgb(frame.id), rgb)).toBe(0);
  addon.releaseFrame(frame.id);
  return rgb;
}

describe('a picture file', () => {
  it.each<[string, (image: Sharp) => Sharp]>([
    ['a PNG', (image) => image.png()],
    ['a PNG of 16 bits', (image) => image.toColourspace('rgb16').png()],
    ['a PNG with an alpha channel, which is left out', (image) => image.ensureAlpha(0.3).png()],
    ['a lossless WebP', (image) => image.webp({ lossless: true })],
    ['a TIFF', (image) => image.tiff({ compression: 'lzw' })],
    [
      'a PNG that lies on its side by its EXIF orientation',
      (image) => image.rotate(90).withMetadata({ orientation: 8 }).png(),
    ],
  ])('gives its very pixels: %s', async (_, convert) => {
    const file = await convert(sharp(await encode(picture))).toBuffer();
    expect(Buffer.compare(await pixels(file), Buffer.from(picture.rgb))).toBe(0);
  });

  it('gives three equal channels of a grey picture', async () => {
    const rgb = await pixels(
      await sharp(await encode(picture))
        .toColourspace('b-w')
        .png()
        .toBuffer(),
    );
    expect(rgb).toHaveLength(97 * 61 * 3);
    expect(rgb.every((level, i) => level === rgb[i - (i % 3)])).toBe(true);
  });

  it('is refused by the size in its header, before it is decoded', async () => {
    const options = { addon, maxPixels: 97 * 61 - 1, name: 'front.png' };
    await expect(loadImage(await encode(picture), options)).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('front.png has 97×61 = 5917 pixels'),
    });
    expect(addon.framesInUse()).toBe(0);
  });

  it('is refused where it is cut off or something else', async () => {
    const whole = await encode(picture, 'jpeg');
    const options = { addon, maxPixels: 1e6, name: 'front.jpg' };
    for (const file of [
      whole.subarray(0, whole.length - 200),
      Buffer.alloc(0),
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="97" height="61"/>'),
      Buffer.from('GIF89a'),
    ])
      await expect(loadImage(file, options)).rejects.toMatchObject({
        code: 'invalid_image',
        message: expect.stringContaining('front.jpg'),
      });
  });
});
