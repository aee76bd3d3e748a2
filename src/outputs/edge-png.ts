import sharp from 'sharp';
import { SamwireError } from '../errors.js';

export interface EdgePicture {
  readonly width: number;
  readonly height: number;
  /** Rows first, 255 the strongest. */
  readonly data: Uint8Array;
}

export interface EdgePng {
  /** Of the picture: the map's size, or a half, a quarter or an eighth of it. */
  readonly size: readonly [height: number, width: number];
  readonly png: Buffer;
}

/** How often the picture is halved until it fits. */
const HALVINGS = 3;

/**
 * An edge map as an 8-bit greyscale PNG of at most `maxBytes` bytes, halved where it must be. Of four pixels the
 * strongest stays: edges are a pixel wide, and a mean would fade them.
 * @throws SamwireError `too_large` when not even an eighth fits.
 */
export async function edgePng(picture: EdgePicture, maxBytes = Number.POSITIVE_INFINITY): Promise<EdgePng> {
  let map = picture;
  for (let halvings = 0; ; halvings++) {
    const { data, width, height } = map;
    const png = await sharp(data, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png({ compressionLevel: 6 })
      .toBuffer();
    if (png.length <= maxBytes) return { size: [height, width], png };
    if (halvings === HALVINGS)
      throw new SamwireError(
        'too_large',
        `The edge map has ${png.length} bytes as a small PNG; expected at most ${maxBytes}. Raise mqtt.maxPacketBytes (and the broker's limit).`,
      );
    map = halved(map);
  }
}

function halved({ width, height, data }: EdgePicture): EdgePicture {
  const half = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const small = new Uint8Array(half.width * half.height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (y >> 1) * half.width + (x >> 1);
      small[at] = Math.max(small[at] ?? 0, data[y * width + x] ?? 0);
    }
  return { ...half, data: small };
}
