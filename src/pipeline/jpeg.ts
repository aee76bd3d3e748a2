import sharp from 'sharp';
import { SamwireError } from '../errors.js';
import type { FrameSize } from '../prompts/resolve.js';

/** One try to make a picture fit: JPEG quality, and width as a share of the picture's. */
export interface JpegStep {
  readonly quality: number;
  readonly share: number;
}

/**
 * The first step's JPEG that has at most `maxBytes`, made on libuv's threads.
 * @throws SamwireError `too_large`
 */
export async function toJpeg(
  rgb: Buffer,
  { width, height }: FrameSize,
  { steps, maxBytes }: { readonly steps: readonly JpegStep[]; readonly maxBytes: number },
): Promise<Buffer> {
  let smallestBytes = 0;
  for (const { quality, share } of steps) {
    const picture = sharp(rgb, { raw: { width, height, channels: 3 } });
    if (share < 1) picture.resize(Math.max(1, Math.round(width * share)));
    const jpeg = await picture.jpeg({ quality }).toBuffer();
    if (jpeg.length <= maxBytes) return jpeg;
    smallestBytes = jpeg.length;
  }
  throw new SamwireError(
    'too_large',
    `The picture has ${smallestBytes} bytes as a small JPEG; expected at most ${maxBytes}. Raise mqtt.maxPacketBytes (and the broker's limit).`,
  );
}
