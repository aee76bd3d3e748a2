import type { Picture } from '../segment/picture.js';
import { type Plane, resizeBilinear } from './reference.js';
import {
  anchors,
  CLASS_LEVELS,
  COEFFICIENT_SCALE,
  PROTOTYPE_STRIDE,
  weight,
  type YoloModel,
} from './yolo.js';

/** yolo.ts and what Ultralytics, FastSAM and MobileSAMv2 do around it once more, in plain loops. */

export interface Detection {
  /** In input pixels. */
  readonly box: [number, number, number, number];
  readonly score: number;
  readonly kind: number;
  readonly coefficients: readonly number[];
}

/** Red, green and blue 0..1, each size × size: centred, grey around; whole levels, as OpenCV resizes them. */
export function letterboxed({ rgb, width, height }: Picture, size: number): Plane[] {
  const r = Math.min(size / width, size / height);
  const [w, h] = [Math.round(width * r), Math.round(height * r)];
  const [left, top] = [Math.round((size - w) / 2 - 0.1), Math.round((size - h) / 2 - 0.1)];
  return [0, 1, 2].map((c) => {
    const own = {
      data: Float32Array.from({ length: width * height }, (_, i) => rgb[3 * i + c] ?? 0),
      width,
      height,
    };
    const small = resizeBilinear(own, w, h);
    const data = new Float32Array(size * size).fill(114 / 255);
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        data[(y + top) * size + x + left] = Math.round(small.data[y * w + x] ?? 0) / 255;
    return { data, width: size, height: size };
  });
}

function meanUnder({ data, width }: Plane, x0: number, y0: number, side: number): number {
  let sum = 0;
  for (let y = y0; y < y0 + side; y++) for (let x = x0; x < x0 + side; x++) sum += data[y * width + x] ?? 0;
  return sum / side / side;
}

function mix(rows: number, values: readonly number[], seed: number): number[] {
  return Array.from({ length: rows }, (_, r) =>
    values.reduce((sum, value, c) => sum + weight(seed + r, c) * (value - 0.5), 0),
  );
}

/** Every candidate, before anything is left out. */
export function candidates(
  { size, classes, coefficients }: YoloModel,
  picture: readonly Plane[],
): Detection[] {
  return anchors(size).map(({ x, y, stride }) => {
    const colour = picture.map((plane) => meanUnder(plane, x - stride / 2, y - stride / 2, stride));
    const [w, h] = [stride * (1 + 2 * (colour[0] ?? 0)), stride * (1 + 2 * (colour[1] ?? 0))];
    const scores = Array.from(
      { length: classes },
      (_, k) => 1 / (1 + Math.exp(-8 * ((colour[(k + 2) % 3] ?? 0) - (CLASS_LEVELS[k] ?? 0.5)))),
    );
    const score = Math.max(...scores);
    return {
      box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
      score,
      kind: scores.indexOf(score),
      coefficients: mix(coefficients, colour, 0).map((value) => value * COEFFICIENT_SCALE),
    };
  });
}

export function iouOf(a: readonly number[], b: readonly number[]): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a;
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b;
  const both =
    Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1)) *
    Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  return both / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - both);
}

export interface Limits {
  readonly minScore: number;
  readonly nmsIou: number;
  readonly max: number;
  readonly border: number;
}

export const AUTHORS: Limits = { minScore: 0.4, nmsIou: 0.9, max: 300, border: 20 };

/** Kept after NMS within each class, the surest first, edges near the input's border moved onto it. */
export function kept(
  all: readonly Detection[],
  { minScore, nmsIou, max, border }: Limits,
  size: number,
): Detection[] {
  const sure = all.filter(({ score }) => score > minScore).sort((a, b) => b.score - a.score);
  const chosen: Detection[] = [];
  for (const one of sure)
    if (chosen.every((other) => other.kind !== one.kind || iouOf(other.box, one.box) <= nmsIou))
      chosen.push(one);
  return chosen.slice(0, max).map((one) => {
    const [x1, y1, x2, y2] = one.box;
    const snapped: Detection['box'] = [
      x1 < border ? 0 : x1,
      y1 < border ? 0 : y1,
      x2 > size - border ? size : x2,
      y2 > size - border ? size : y2,
    ];
    return { ...one, box: snapped };
  });
}

/** Of the letterboxed input in the picture's pixels, clipped. */
export function inPicture(box: readonly number[], size: number, { width, height }: Picture): number[] {
  const gain = Math.min(size / width, size / height);
  const pads = [(size - width * gain) / 2, (size - height * gain) / 2].map((pad) => Math.round(pad - 0.1));
  return box.map((v, i) =>
    Math.min(i % 2 === 0 ? width : height, Math.max(0, (v - (pads[i % 2] ?? 0)) / gain)),
  );
}

export interface FoundObject {
  readonly score: number;
  /** Row-major, 1 inside. */
  readonly mask: Uint8Array;
  readonly area: number;
  readonly stability: number;
}

/** All that FastSAM finds: boxes that cover the input replaced, prototypes enlarged to the picture, cut to the box. */
export function fastSamObjects(model: YoloModel, picture: Picture): FoundObject[] {
  const { size, coefficients } = model;
  const input = letterboxed(picture, size);
  const grid = size / PROTOTYPE_STRIDE;
  const cells = Array.from({ length: grid * grid }, (_, i) => {
    const [x, y] = [i % grid, Math.floor(i / grid)];
    const colour = input.map((plane) =>
      meanUnder(plane, x * PROTOTYPE_STRIDE, y * PROTOTYPE_STRIDE, PROTOTYPE_STRIDE),
    );
    return mix(coefficients, [...colour, (x + 0.5) / grid, (y + 0.5) / grid], 100);
  });
  const { width, height } = picture;
  const gain = Math.min(grid / width, grid / height);
  const [padX, padY] = [(grid - width * gain) / 2, (grid - height * gain) / 2];
  const [left, top] = [Math.trunc(padX), Math.trunc(padY)];
  const [right, bottom] = [Math.trunc(grid - padX), Math.trunc(grid - padY)];
  return kept(candidates(model, input), AUTHORS, size).map(({ box, score, coefficients: own }) => {
    const whole = iouOf(box, [0, 0, size, size]) > 0.9 ? [0, 0, size, size] : box;
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = inPicture(whole, size, picture);
    const logits = cells.map((cell) => cell.reduce((sum, value, k) => sum + value * (own[k] ?? 0), 0));
    const cropped = Float32Array.from({ length: (right - left) * (bottom - top) }, (_, i) => {
      const [x, y] = [i % (right - left), Math.floor(i / (right - left))];
      return logits[(y + top) * grid + x + left] ?? 0;
    });
    const full = resizeBilinear(
      { data: cropped, width: right - left, height: bottom - top },
      width,
      height,
    ).data;
    const inside = (i: number): boolean => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return x >= x1 && x < x2 && y >= y1 && y < y2;
    };
    const over = (threshold: number): number => full.filter((v, i) => v > threshold && inside(i)).length;
    const mask = Uint8Array.from(full, (v, i) => Number(v > 0 && inside(i)));
    return { score, mask, area: over(0), stability: over(-1) === 0 ? 0 : over(1) / over(-1) };
  });
}

/** FastSAMPrompt.box_prompt: the best IoU of a mask with a box of whole pixels. */
export function boxPrompt(
  objects: readonly FoundObject[],
  box: readonly number[],
  width: number,
): FoundObject | undefined {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
  const ious = objects.map(({ mask, area }) => {
    let both = 0;
    for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) both += mask[y * width + x] ?? 0;
    return both / ((x2 - x1) * (y2 - y1) + area - both);
  });
  return objects[ious.indexOf(Math.max(...ious))];
}

/** FastSAMPrompt.point_prompt: from the largest mask to the smallest, a foreground point adds, a background one takes. */
export function pointPrompt(
  objects: readonly FoundObject[],
  points: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[],
  width: number,
): Uint8Array {
  const [first] = objects;
  const answer = new Uint8Array(first?.mask.length ?? 0);
  for (const { mask } of [...objects].sort((a, b) => b.area - a.area))
    for (const { x, y, label } of points)
      if (mask[y * width + x])
        mask.forEach((inside, i) => {
          if (inside) answer[i] = label;
        });
  return answer;
}
