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
  /** Thickness of the outline, whole pixels of the target. */
  readonly line: number;
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Draws masks of one frame over each other at the target's own scale: each target pixel shows what is at its centre.
 * The scratch memory is kept, so one painter draws many masks.
 */
export class MaskPainter {
  /** 1 inside of the mask. Column by column, as the runs are, with a margin of `line` on each side. */
  #inside = new Uint8Array(0);

  /** A mask without RLE, or an empty one, draws nothing. */
  paint(target: Pixels, item: MaskItem, paint: MaskPaint): void {
    if (!item.rle || !item.box) return;
    const [height, width] = item.rle.size;
    const scale = { x: target.width / width, y: target.height / height };
    const { line } = paint;
    const stride = target.height + 2 * line;
    const length = stride * (target.width + 2 * line);
    if (this.#inside.length < length) this.#inside = new Uint8Array(length);
    const inside = this.#inside;
    eachColumn(decodeCounts(item.rle.counts), { width, height }, (x, y1, y2) => {
      const last = centreAfter((x + 1) * scale.x);
      const top = centreAfter(y1 * scale.y) + line;
      const bottom = centreAfter(y2 * scale.y) + line;
      for (let column = centreAfter(x * scale.x); column < last; column++)
        inside.fill(1, (column + line) * stride + top, (column + line) * stride + bottom);
    });
    const [x1, y1, x2, y2] = item.box;
    const area = {
      left: Math.max(0, Math.floor(x1 * scale.x)),
      top: Math.max(0, Math.floor(y1 * scale.y)),
      right: Math.min(target.width, Math.ceil(x2 * scale.x)),
      bottom: Math.min(target.height, Math.ceil(y2 * scale.y)),
    };
    blendMask(target, { inside, stride }, area, paint);
    inside.fill(0, (area.left + line) * stride, (area.right + line) * stride);
  }
}

/** The first pixel whose centre is at or after an edge. */
function centreAfter(edge: number): number {
  return Math.ceil(edge - 0.5);
}

function blendMask(
  { data, width }: Pixels,
  { inside, stride }: { readonly inside: Uint8Array; readonly stride: number },
  { left, top, right, bottom }: Area,
  { colour, fill, line }: MaskPaint,
): void {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  const filled = wordOf(colour, fill);
  const outlined = wordOf(colour, 1);
  const across = line * stride;
  for (let x = left; x < right; x++) {
    let at = (x + line) * stride + top + line;
    let pixel = top * width + x;
    for (let y = top; y < bottom; y++, at++, pixel += width) {
      if (inside[at] === 0) continue;
      const isInner =
        inside[at - line] === 1 &&
        inside[at + line] === 1 &&
        inside[at - across] === 1 &&
        inside[at + across] === 1;
      if (!isInner) words[pixel] = outlined;
      else if (words[pixel] === 0) words[pixel] = filled;
      else blend(data, pixel * 4, colour, fill);
    }
  }
}

/** A pixel as one number, in the byte order of the machine. */
function wordOf([r, g, b]: Rgb, alpha: number): number {
  return new Uint32Array(new Uint8ClampedArray([r, g, b, alpha * 255]).buffer)[0] ?? 0;
}

/** Porter and Duff's "over", for colours that are not premultiplied. */
function blend(data: Uint8ClampedArray, at: number, colour: Rgb, alpha: number): void {
  const below = ((data[at + 3] ?? 0) / 255) * (1 - alpha);
  const sum = alpha + below;
  for (let channel = 0; channel < 3; channel++)
    data[at + channel] = ((colour[channel] ?? 0) * alpha + (data[at + channel] ?? 0) * below) / sum;
  data[at + 3] = sum * 255;
}
