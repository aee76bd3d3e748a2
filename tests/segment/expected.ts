/**
 * What a semantic model (tests/graphs) must answer on a picture, from the pixels on, in plain loops: the authors'
 * preprocessing, prompt scaling and postprocessing as ../shared/families.md tells them, none of it Samwire's code.
 */
import { REFINE_CLAMP } from '../graphs/model-dir.js';
import {
  type DecoderPrompt,
  fullSize,
  type Plane,
  referenceAnswer,
  resizeBilinear,
} from '../graphs/reference.js';
import { type Family, type SemanticModel, STRIDE } from '../graphs/semantics.js';
import { decodeRle, type Rle } from './coco-rle.js';
import type { Picture } from './picture.js';

/** A prompt as a message has it. */
export interface TestPrompt {
  readonly id: string;
  readonly box?: readonly [number, number, number, number];
  readonly points?: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
  readonly mask?: Rle;
  readonly refine?: string;
}

export interface ExpectedMask {
  readonly score: number;
  /** Of the picture's size, row-major, 1 inside. */
  readonly mask: Uint8Array;
  readonly area: number;
  readonly box: readonly [number, number, number, number] | null;
  readonly stability: number;
  /** The decoder's logits as they are kept for `refine`. */
  readonly lowRes: Float32Array;
}

export const TAKES_MASKS: readonly Family[] = ['nanosam', 'sam', 'tinysam', 'sam2'];

/** SAM 2's: what it counts as sure of a mask, and from which share of sure pixels on it keeps candidate 0. */
const SURE = { delta: 0.05, share: 0.98 };

/** Logits that a mask prompt stands for. */
const MASK_LOGIT = 10;

/** One mask, or with `multimask` the family's three. `start`: the logits that the prompt refines. */
export function expectedMasks(
  model: SemanticModel,
  picture: Picture,
  prompt: TestPrompt,
  { multimask = false, start }: { readonly multimask?: boolean; readonly start?: Float32Array } = {},
): ExpectedMask[] {
  const mask = start ?? (prompt.mask && startLogits(model, picture, decodeRle(prompt.mask)));
  const fed: DecoderPrompt = { points: decoderPoints(model, picture, prompt), ...(mask ? { mask } : {}) };
  const { lowRes, iou } = referenceAnswer(model, preprocessed(model, picture), fed, picture);
  return chosen(model.family, { lowRes, iou }, fed.points.length, multimask).map((k) => {
    const plane = lowRes[k];
    if (!plane) throw new Error(`no candidate ${k}`);
    const full = atFullSize(model, plane, picture).data;
    const inside =
      model.family === 'efficientsam' ? (v: number, t: number) => v >= t : (v: number, t: number) => v > t;
    const count = (threshold: number): number => {
      let sum = 0;
      for (const v of full) if (inside(v, threshold)) sum++;
      return sum;
    };
    const bits = Uint8Array.from(full, (v) => Number(inside(v, 0)));
    return {
      score: iou[k] ?? Number.NaN,
      mask: bits,
      area: count(0),
      box: boxOf(bits, picture.width),
      stability: count(-1) === 0 ? 0 : count(1) / count(-1),
      lowRes:
        model.family === 'sam2'
          ? plane.data.map((v) => Math.min(REFINE_CLAMP, Math.max(-REFINE_CLAMP, v)))
          : plane.data,
    };
  });
}

/** Intersection over union; two empty masks are equal. */
export function maskIou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`masks of ${a.length} and ${b.length} pixels`);
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i] && b[i] ? 1 : 0;
    either += a[i] || b[i] ? 1 : 0;
  }
  return either === 0 ? 1 : both / either;
}

function chosen(
  family: Family,
  { lowRes, iou }: { readonly lowRes: readonly Plane[]; readonly iou: readonly number[] },
  n: number,
  multimask: boolean,
): number[] {
  if (multimask) return family === 'efficientsam' ? [0, 1, 2] : [1, 2, 3];
  if (family === 'edgesam' || family === 'efficientvit-sam') return [0];
  const bestOfThree = [1, 2, 3].reduce((a, b) => ((iou[b] ?? 0) > (iou[a] ?? 0) ? b : a));
  if (family === 'tinysam') return [bestOfThree];
  if (family === 'sam2') {
    const inside = (least: number): number => (lowRes[0]?.data ?? []).filter((v) => v > least).length;
    const [surely, perhaps] = [inside(SURE.delta), inside(-SURE.delta)];
    return [perhaps === 0 || surely / perhaps >= SURE.share ? 0 : bestOfThree];
  }
  const first = family === 'sam' ? (n - 2.5) * 1000 : 0;
  const scores = iou.map((score, k) => score + (k === 0 ? first : 0));
  return [scores.indexOf(Math.max(...scores))];
}

/** Size of the picture inside the input: NanoSAM truncates, SAM rounds, SAM 2 stretches. */
function letterbox(family: Family, { width, height }: Picture, side: number): [number, number] {
  if (family === 'sam2') return [side, side];
  if (family === 'nanosam') {
    const aspect = width / height;
    return aspect >= 1 ? [side, Math.trunc(side / aspect)] : [Math.trunc(side * aspect), side];
  }
  const scale = side / Math.max(width, height);
  return [Math.trunc(width * scale + 0.5), Math.trunc(height * scale + 0.5)];
}

const prepared = new WeakMap<Picture, Map<string, Plane>>();

function preprocessed(model: SemanticModel, picture: Picture): Plane {
  const known = prepared.get(picture) ?? new Map<string, Plane>();
  prepared.set(picture, known);
  const key = `${model.family}-${model.size}`;
  const plane = known.get(key) ?? preprocess(model, picture);
  known.set(key, plane);
  return plane;
}

function preprocess({ family, size }: SemanticModel, picture: Picture): Plane {
  const { width, height, rgb } = picture;
  if (family === 'efficientsam') {
    const data = new Float32Array(3 * width * height);
    for (let i = 0; i < rgb.length; i++)
      data[(i % 3) * width * height + Math.floor(i / 3)] = (rgb[i] ?? 0) / 255;
    return { data, width, height };
  }
  const [w, h] = letterbox(family, picture, size);
  const kernel = family === 'nanosam' ? BICUBIC : family === 'sam2' ? TENSOR_BILINEAR : BILINEAR;
  const [mean, std] = [
    [123.675, 116.28, 103.53],
    [58.395, 57.12, 57.375],
  ];
  const data = new Float32Array(3 * size * size);
  for (let c = 0; c < 3; c++) {
    const channel = Float64Array.from({ length: width * height }, (_, i) => rgb[3 * i + c] ?? 0);
    const across = resample(channel, width, height, w, kernel);
    const resized = transposed(resample(transposed(across, w, height), height, w, h, kernel), h, w);
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        data[c * size * size + y * size + x] = ((resized[y * w + x] ?? 0) - (mean[c] ?? 0)) / (std[c] ?? 1);
  }
  return { data, width: size, height: size };
}

interface Kernel {
  /** To whole levels, after each pass. */
  readonly rounds: boolean;
  readonly support: number;
  readonly at: (x: number) => number;
}

const BILINEAR: Kernel = { rounds: true, support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) };
/** Of tensors, as SAM 2 resizes: PyTorch's rounds nothing. */
const TENSOR_BILINEAR: Kernel = { ...BILINEAR, rounds: false };
/** Pillow's, a = −0.5. */
const BICUBIC: Kernel = {
  rounds: true,
  support: 2,
  at: (x) => {
    const t = Math.abs(x);
    if (t < 1) return (1.5 * t - 2.5) * t * t + 1;
    return t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0;
  },
};

/** Pillow's antialiased resampling of the rows. */
function resample(
  data: Float64Array,
  width: number,
  height: number,
  to: number,
  { rounds, support, at }: Kernel,
): Float64Array {
  const scale = width / to;
  const stretch = Math.max(1, scale);
  const out = new Float64Array(to * height);
  for (let x = 0; x < to; x++) {
    const centre = (x + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const last = Math.min(width, Math.trunc(centre + support * stretch + 0.5));
    const weights = Array.from({ length: last - first }, (_, i) => at((first + i - centre + 0.5) / stretch));
    const sum = weights.reduce((a, b) => a + b, 0);
    for (let y = 0; y < height; y++) {
      const value = weights.reduce(
        (v, weight, i) => v + (weight / sum) * (data[y * width + first + i] ?? 0),
        0,
      );
      out[y * to + x] = rounds ? Math.min(255, Math.max(0, Math.floor(value + 0.5))) : value;
    }
  }
  return out;
}

function transposed(data: Float64Array, width: number, height: number): Float64Array {
  const out = new Float64Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[x * height + y] = data[y * width + x] ?? 0;
  return out;
}

function decoderPoints(model: SemanticModel, picture: Picture, prompt: TestPrompt): DecoderPrompt['points'] {
  const { family, promptFrame } = model;
  const [w, h] = letterbox(family, picture, promptFrame);
  const uniform = promptFrame / Math.max(picture.width, picture.height);
  const [sx, sy] =
    family === 'efficientsam'
      ? [1, 1]
      : family === 'nanosam'
        ? [uniform, uniform]
        : [w / picture.width, h / picture.height];
  const at = (x: number, y: number, label: -1 | 0 | 1 | 2 | 3) => ({ x: x * sx, y: y * sy, label });
  const clicks = (prompt.points ?? []).map(({ x, y, label }) => at(x, y, label));
  const corners = prompt.box
    ? [at(prompt.box[0], prompt.box[1], 2), at(prompt.box[2], prompt.box[3], 3)]
    : [];
  if (family === 'efficientsam') return [...corners, ...clicks];
  if (family === 'sam2') return [...corners, ...clicks, at(0, 0, -1)];
  // A decoder can't be fed no point at all: a mask alone gets NanoSAM, too, the point that stands for none.
  const none = clicks.length + corners.length === 0;
  const padding = (family === 'nanosam' && !none) || prompt.box ? [] : [at(0, 0, -1)];
  return [...clicks, ...corners, ...padding];
}

/** The share of each grid cell that the mask covers, as logits of ±10; cells beside the picture are outside. */
function startLogits({ family, size }: SemanticModel, picture: Picture, mask: Uint8Array): Float32Array {
  const { width, height } = picture;
  const grid = size / STRIDE;
  const [w, h] = letterbox(family, picture, size);
  const [cells, rows] =
    family === 'nanosam'
      ? [Math.trunc((grid * w) / size), Math.trunc((grid * h) / size)]
      : [(w * grid) / size, (h * grid) / size];
  const [px, py] = [width / cells, height / rows];
  const covered = (from: number, to: number, pixel: number): number =>
    Math.max(0, Math.min(to, pixel + 1) - Math.max(from, pixel));
  return Float32Array.from({ length: grid * grid }, (_, i) => {
    const [left, top] = [(i % grid) * px, Math.floor(i / grid) * py];
    let area = 0;
    for (let y = Math.floor(top); y < Math.min(height, top + py); y++)
      for (let x = Math.floor(left); x < Math.min(width, left + px); x++)
        if (mask[y * width + x]) area += covered(left, left + px, x) * covered(top, top + py, y);
    return (2 * Math.min(1, area / (px * py)) - 1) * MASK_LOGIT;
  });
}

function atFullSize(model: SemanticModel, plane: Plane, picture: Picture): Plane {
  const { family, size, promptFrame } = model;
  if (family === 'efficientsam' || family === 'sam2') return fullSize(plane, size, picture, 'direct');
  if (family !== 'nanosam') return fullSize(plane, promptFrame, picture, 'sam');
  const [w, h] = letterbox(family, picture, size);
  const [width, height] = [Math.trunc((plane.width * w) / size), Math.trunc((plane.height * h) / size)];
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    data.set(plane.data.subarray(y * plane.width, y * plane.width + width), y * width);
  return resizeBilinear({ data, width, height }, picture.width, picture.height);
}

function boxOf(mask: Uint8Array, width: number): [number, number, number, number] | null {
  let [x1, y1, x2, y2] = [width, mask.length, 0, 0];
  mask.forEach((value, i) => {
    if (!value) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
  });
  return x2 > 0 ? [x1, y1, x2, y2] : null;
}
