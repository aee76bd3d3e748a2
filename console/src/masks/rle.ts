import type { CocoRle } from '../../../src/masks/types.js';

/**
 * Lengths in pixels, column by column, of what is outside and inside of a mask by turns, outside first: the counts of
 * COCO's compressed RLE, decoded.
 */
export type Runs = readonly number[];

const FIRST_CHARACTER = 48;
const BITS = 5;

/** @throws Error where the counts end within a number, or hold what is no count. */
export function decodeCounts(counts: string): number[] {
  const runs: number[] = [];
  let at = 0;
  while (at < counts.length) {
    let value = 0;
    let shift = 0;
    let chunk: number;
    do {
      chunk = counts.charCodeAt(at++) - FIRST_CHARACTER;
      // Also NaN, past the end.
      if (!(chunk >= 0 && chunk < 64) || shift > 30) throw new Error('Expected the counts of a COCO RLE.');
      value |= (chunk & 0x1f) << shift;
      shift += BITS;
    } while (chunk & 0x20);
    if (chunk & 0x10 && shift < 32) value |= -1 << shift;
    // From the fourth on they are told as the difference to the last but one.
    const length = runs.length > 2 ? value + (runs[runs.length - 2] ?? 0) : value;
    if (length < 0) throw new Error('Expected the counts of a COCO RLE.');
    runs.push(length);
  }
  return runs;
}

export function encodeCounts(runs: Runs): string {
  let counts = '';
  runs.forEach((length, i) => {
    let value = i > 2 ? length - (runs[i - 2] ?? 0) : length;
    for (let more = true; more; ) {
      let chunk = value & 0x1f;
      value >>= BITS;
      more = chunk & 0x10 ? value !== -1 : value !== 0;
      if (more) chunk |= 0x20;
      counts += String.fromCharCode(chunk + FIRST_CHARACTER);
    }
  });
  return counts;
}

/**
 * Calls `paint(x, y1, y2)` for each piece of a column that is inside of the mask, y2 exclusive, in pixels of `height`
 * rows and `width` columns. What reaches beyond is left out.
 */
export function eachColumn(
  runs: Runs,
  { width, height }: { readonly width: number; readonly height: number },
  paint: (x: number, y1: number, y2: number) => void,
): void {
  let position = 0;
  let inside = false;
  for (const length of runs) {
    const end = Math.min(position + length, width * height);
    if (inside) {
      for (let at = position; at < end; ) {
        const x = Math.floor(at / height);
        const y1 = at - x * height;
        const y2 = Math.min(height, y1 + end - at);
        paint(x, y1, y2);
        at += y2 - y1;
      }
    }
    position = end;
    inside = !inside;
  }
}

/** Row-major, one byte a pixel: 255 inside, 0 outside. */
export function maskPixels({ size: [height, width], counts }: CocoRle): Uint8Array<ArrayBuffer> {
  const pixels = new Uint8Array(width * height);
  eachColumn(decodeCounts(counts), { width, height }, (x, y1, y2) => {
    for (let y = y1; y < y2; y++) pixels[y * width + x] = 255;
  });
  return pixels;
}

/** Whether the pixel is inside; false outside of the picture. */
export function contains({ size: [height, width], counts }: CocoRle, x: number, y: number): boolean {
  const column = Math.floor(x);
  const row = Math.floor(y);
  if (column < 0 || row < 0 || column >= width || row >= height) return false;
  const wanted = column * height + row;
  let position = 0;
  let inside = false;
  for (const length of decodeCounts(counts)) {
    position += length;
    if (wanted < position) return inside;
    inside = !inside;
  }
  return false;
}

/** The mask of a picture: 0 is outside. The inverse of {@link maskPixels}. */
export function encodePixels(
  pixels: ArrayLike<number>,
  { width, height }: { readonly width: number; readonly height: number },
): CocoRle {
  const runs: number[] = [];
  let inside = false;
  let length = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((pixels[y * width + x] !== 0) !== inside) {
        runs.push(length);
        length = 0;
        inside = !inside;
      }
      length++;
    }
  }
  runs.push(length);
  return { size: [height, width], counts: encodeCounts(runs) };
}
