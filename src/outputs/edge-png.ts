import sharp from 'sharp';
import { SamwireError } from '../errors.js';

export interface EdgePicture {
  readonly width: number;
  readonly height: number;
  /** Rows first, 255 the strongest. */
  readonly data: Uint8Array;
}

/** How large the picture is tried until it fits, as a share of the map's width. */
const SHARES = [1, 0.5, 0.25] as const;

/**
 * An edge map as an 8-bit greyscale PNG of at most `maxBytes` bytes: of the map's size, or of half or a quarter of it.
 * @throws SamwireError `too_large` when none of them fits.
 */
export async function edgePng({ data, width, height }: EdgePicture, maxBytes: number): Promise<Buffer> {
  let smallestBytes = 0;
  for (const share of SHARES) {
    const picture = sharp(data, { raw: { width, height, channels: 1 } });
    if (share < 1) picture.resize(Math.max(1, Math.round(width * share)));
    const png = await picture.toColourspace('b-w').png({ compressionLevel: 6 }).toBuffer();
    if (png.length <= maxBytes) return png;
    smallestBytes = png.length;
  }
  throw new SamwireError(
    'too_large',
    `The edge map has ${smallestBytes} bytes as a small PNG; expected at most ${maxBytes}. Raise mqtt.maxPacketBytes (and the broker's limit).`,
  );
}
