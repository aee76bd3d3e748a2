import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import sharp from 'sharp';

const deflateAsync = promisify(deflate);

export interface MaskPicture {
  /** Row-major, width × height; anything but 0 is inside. */
  readonly mask: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface CroppedMaskPicture extends MaskPicture {
  /** [x1, y1, exclusive x2, y2], inside the picture and not empty. */
  readonly box: readonly [number, number, number, number];
}

function checkSize({ mask, width, height }: MaskPicture): void {
  if (mask.length === width * height) return;
  throw new RangeError(
    `Expected a mask of ${width}×${height} = ${width * height} pixels, got ${mask.length}`,
  );
}

/** The mask as an 8-bit greyscale PNG of the frame's size: 0 outside, 255 inside. */
export async function maskPng(picture: MaskPicture): Promise<Buffer> {
  checkSize(picture);
  const { mask, width, height } = picture;
  const levels = Buffer.alloc(mask.length);
  for (let i = 0; i < mask.length; i++) levels[i] = mask[i] === 0 ? 0 : 255;
  return sharp(levels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/**
 * The encoding `png` of a masks message: base64 of a 1-bit greyscale PNG of the mask's box. Written here, because
 * sharp's PNG output has no 1-bit greyscale.
 */
export async function croppedPng(picture: CroppedMaskPicture): Promise<string> {
  checkSize(picture);
  const { mask, width, height, box } = picture;
  const [x1, y1, x2, y2] = box;
  if (!(x1 >= 0 && y1 >= 0 && x2 <= width && y2 <= height && x1 < x2 && y1 < y2)) {
    throw new RangeError(`Expected a box inside ${width}×${height}, got [${box.join(', ')}]`);
  }
  const stride = 1 + Math.ceil((x2 - x1) / 8);
  // Each row: filter type 0, then the pixels, the leftmost in the highest bit.
  const rows = Buffer.alloc(stride * (y2 - y1));
  for (let y = y1; y < y2; y++) {
    const start = (y - y1) * stride + 1;
    for (let x = x1; x < x2; x++) {
      if (mask[y * width + x] === 0) continue;
      const at = start + ((x - x1) >> 3);
      rows[at] = (rows[at] as number) | (0x80 >> ((x - x1) & 7));
    }
  }
  return greyPng1({ rows, width: x2 - x1, height: y2 - y1 });
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG (W3C, third edition) of packed 1-bit rows. */
async function greyPng1(image: { rows: Buffer; width: number; height: number }): Promise<string> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(image.width, 0);
  header.writeUInt32BE(image.height, 4);
  header[8] = 1;
  const data = await deflateAsync(image.rows, { level: 6 });
  const parts = [SIGNATURE, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat(parts).toString('base64');
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), out.length - 4);
  return out;
}

/**
 * The PNG with tEXt chunks (PNG, 11.3.3.2) behind its header, for what a receiver without MQTT 5's properties, or a
 * file, would lose. Keywords and values are Latin-1.
 */
export function withText(png: Buffer, text: Readonly<Record<string, string>>): Buffer {
  const afterHeader = SIGNATURE.length + 12 + 13;
  const chunks = Object.entries(text).map(([keyword, value]) =>
    chunk('tEXt', Buffer.from(`${keyword}\0${value}`, 'latin1')),
  );
  return Buffer.concat([png.subarray(0, afterHeader), ...chunks, png.subarray(afterHeader)]);
}

/** CRC-32 of ISO 3309, bit by bit per table entry; zlib's own is not in every Node 20. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = (CRC_TABLE[(c ^ byte) & 255] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/**
 * `<mask id>.png`, with every byte (UTF-8) outside `[A-Za-z0-9._-]` as %XX. Different ids get different names, none
 * leads out of its folder: there is no separator, and with the suffix not even `.` or `..` names a folder.
 */
export function maskFileName(id: string): string {
  let name = '';
  for (const byte of new TextEncoder().encode(id)) {
    const character = String.fromCharCode(byte);
    name += /[A-Za-z0-9._-]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return `${name}.png`;
}
