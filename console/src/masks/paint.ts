import type { MaskItem } from '../../../src/masks/types.js';
import type { Rgb } from '../../../src/outputs/palette.js';
import { decodeCounts, eachColumn } from './rle.js';

/** RGBA, not premultiplied: an ImageData, or what stands for one in a test. */
export interface Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface MaskPaint {
  readonly colour: Rgb;
  /** Opacity within the outline, 0..1. */
  readonly fill: number;
  /** Thickness of the outline, pixels of the target. */
  readonly line: number;
}

/**
 * Draws masks of one frame over each other at the target's own scale: each target pixel shows what is at its centre.
 * The scratch memory is kept, so one painter draws many masks.
 */
export class MaskPainter {
  #inside = new Uint8Array(0);

  /** A mask without RLE, or an empty one, draws nothing. */
  paint(target: Pixels, item: MaskItem, paint: MaskPaint): void {
    if (!item.rle || !item.box) return;
    const [height, width] = item.rle.size;
    const scale = { x: target.width / width, y: target.height / height };
    if (this.#inside.length < target.width * target.height)
      this.#inside = new Uint8Array(target.width * target.height);
    const inside = this.#inside;
    eachColumn(decodeCounts(item.rle.counts), { width, height }, (x, y1, y2) => {
      const last = centreAfter((x + 1) * scale.x);
      const top = centreAfter(y1 * scale.y);
      const bottom = centreAfter(y2 * scale.y);
      for (let column = centreAfter(x * scale.x); column < last; column++)
        for (let row = top; row < bottom; row++) inside[row * target.width + column] = 1;
    });
    const [x1, y1, x2, y2] = item.box;
    const area = {
      left: Math.max(0, Math.floor(x1 * scale.x)),
      top: Math.max(0, Math.floor(y1 * scale.y)),
      right: Math.min(target.width, Math.ceil(x2 * scale.x)),
      bottom: Math.min(target.height, Math.ceil(y2 * scale.y)),
    };
    blendMask(target, inside, area, paint);
    for (let row = area.top; row < area.bottom; row++)
      inside.fill(0, row * target.width + area.left, row * target.width + area.right);
  }
}

/** The first pixel whose centre is at or after an edge. */
function centreAfter(edge: number): number {
  return Math.ceil(edge - 0.5);
}

function blendMask(
  { data, width, height }: Pixels,
  inside: Uint8Array,
  area: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
  { colour, fill, line }: MaskPaint,
): void {
  const isInside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && inside[y * width + x] === 1;
  for (let y = area.top; y < area.bottom; y++) {
    for (let x = area.left; x < area.right; x++) {
      if (inside[y * width + x] === 0) continue;
      const isInner =
        isInside(x - line, y) && isInside(x + line, y) && isInside(x, y - line) && isInside(x, y + line);
      blend(data, (y * width + x) * 4, colour, isInner ? fill : 1);
    }
  }
}

/** Porter and Duff's "over", for colours that are not premultiplied. */
function blend(data: Uint8ClampedArray, at: number, colour: Rgb, alpha: number): void {
  const below = ((data[at + 3] ?? 0) / 255) * (1 - alpha);
  const sum = alpha + below;
  for (let channel = 0; channel < 3; channel++)
    data[at + channel] = ((colour[channel] ?? 0) * alpha + (data[at + channel] ?? 0) * below) / sum;
  data[at + 3] = sum * 255;
}
