/**
 * SAM's automatic mask generator on a semantic model (tests/graphs), in plain loops over bitmaps, written from its
 * published semantics and apart from src/everything.
 */
import type { SemanticModel } from '../graphs/semantics.js';
import { expectedMasks } from '../segment/expected.js';
import type { Picture } from '../segment/picture.js';

export interface OfficialOptions {
  readonly pointsPerSide: number;
  readonly predIou: number;
  readonly stability: number;
  readonly boxNms: number;
  readonly cropLayers: number;
  readonly cropNms: number;
  readonly cropOverlap: number;
  readonly cropDownscale: number;
  readonly minArea: number;
}

export interface OfficialMask {
  /** Row-major, of the whole picture. */
  readonly mask: Uint8Array;
  readonly iou: number;
  readonly stability: number;
  readonly point: readonly [number, number];
  /** XYXY, inclusive. */
  readonly box: readonly number[];
  readonly crop: readonly number[];
}

/** The part of a picture with exclusive x2, y2. */
export function cropPicture({ width, rgb }: Picture, [x1, y1, x2, y2]: readonly number[]): Picture {
  const [w, h] = [(x2 ?? 0) - (x1 ?? 0), (y2 ?? 0) - (y1 ?? 0)];
  const part = new Uint8Array(3 * w * h);
  for (let y = 0; y < h; y++)
    for (let i = 0; i < 3 * w; i++)
      part[3 * y * w + i] = rgb[3 * ((y + (y1 ?? 0)) * width + (x1 ?? 0)) + i] ?? 0;
  return { width: w, height: h, rgb: part };
}

export function officialMasks(
  model: SemanticModel,
  picture: Picture,
  options: OfficialOptions,
): OfficialMask[] {
  const crops = cropsOf(picture, options);
  let found = crops.flatMap(({ box, layer }) => ofCrop(model, picture, box, layer, options));
  if (crops.length > 1) {
    const size = ({ crop }: OfficialMask) =>
      ((crop[2] ?? 0) - (crop[0] ?? 0)) * ((crop[3] ?? 0) - (crop[1] ?? 0));
    found = suppressed(found, (mask) => 1 / size(mask), options.cropNms);
  }
  return options.minArea > 0 ? withoutSmall(found, picture, options) : found;
}

function cropsOf({ width, height }: Picture, { cropLayers, cropOverlap }: OfficialOptions) {
  const crops = [{ box: [0, 0, width, height], layer: 0 }];
  for (let layer = 1; layer <= cropLayers; layer++) {
    const n = 2 ** layer;
    const overlap = Math.floor(cropOverlap * Math.min(width, height) * (2 / n));
    const [w, h] = [width, height].map((whole) => Math.ceil((overlap * (n - 1) + whole) / n)) as [
      number,
      number,
    ];
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        const [x, y] = [(w - overlap) * i, (h - overlap) * j];
        crops.push({ box: [x, y, Math.min(x + w, width), Math.min(y + h, height)], layer });
      }
  }
  return crops;
}

function ofCrop(
  model: SemanticModel,
  whole: Picture,
  crop: readonly number[],
  layer: number,
  options: OfficialOptions,
): OfficialMask[] {
  const [left, top] = [crop[0] ?? 0, crop[1] ?? 0];
  const part = cropPicture(whole, crop);
  const side = Math.floor(options.pointsPerSide / options.cropDownscale ** layer);
  const found: OfficialMask[] = [];
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const [x, y] = [((column + 0.5) / side) * part.width, ((row + 0.5) / side) * part.height];
      const masks = expectedMasks(
        model,
        part,
        { id: 'p', points: [{ x, y, label: 1 }] },
        { multimask: true },
      );
      for (const { score, stability, mask } of masks) {
        if (options.predIou > 0 && !(score > options.predIou)) continue;
        if (options.stability > 0 && !(stability >= options.stability)) continue;
        const inside = inclusive(mask, part.width);
        if (cut(inside, crop, whole)) continue;
        found.push({
          mask: pasted(mask, part, whole, left, top),
          iou: score,
          stability,
          point: [x + left, y + top],
          box: inside.map((side, i) => side + (i % 2 === 0 ? left : top)),
          crop,
        });
      }
    }
  return suppressed(found, ({ iou }) => iou, options.boxNms);
}

function inclusive(mask: Uint8Array, width: number): number[] {
  let [x1, y1, x2, y2] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1];
  mask.forEach((value, i) => {
    if (!value) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  });
  return x2 < 0 ? [0, 0, 0, 0] : [x1, y1, x2, y2];
}

function cut(box: readonly number[], crop: readonly number[], { width, height }: Picture): boolean {
  const offsets = [crop[0] ?? 0, crop[1] ?? 0, crop[0] ?? 0, crop[1] ?? 0];
  return [0, 0, width, height].some((edge, i) => {
    const side = (box[i] ?? 0) + (offsets[i] ?? 0);
    return Math.abs(side - (crop[i] ?? 0)) <= 20 && Math.abs(side - edge) > 20;
  });
}

function pasted(mask: Uint8Array, part: Picture, whole: Picture, left: number, top: number): Uint8Array {
  const out = new Uint8Array(whole.width * whole.height);
  mask.forEach((value, i) => {
    const [x, y] = [i % part.width, Math.floor(i / part.width)];
    out[(y + top) * whole.width + x + left] = value;
  });
  return out;
}

function suppressed<T extends { readonly box: readonly number[] }>(
  items: readonly T[],
  score: (item: T) => number,
  limit: number,
): T[] {
  const area = ([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]) =>
    Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const kept: T[] = [];
  // sort is stable: of equal scores the earlier one comes first.
  for (const item of [...items].sort((a, b) => score(b) - score(a))) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = item.box;
    const overlaps = kept.some(({ box: [u1 = 0, v1 = 0, u2 = 0, v2 = 0], box }) => {
      const both = area([Math.max(x1, u1), Math.max(y1, v1), Math.min(x2, u2), Math.min(y2, v2)]);
      return both / (area(item.box) + area(box) - both) > limit;
    });
    if (!overlaps) kept.push(item);
  }
  return kept;
}

function withoutSmall(found: readonly OfficialMask[], { width, height }: Picture, options: OfficialOptions) {
  const cleaned = found.map((item) => {
    const holes = withoutRegions(item.mask, width, height, options.minArea, 0);
    const islands = withoutRegions(holes.mask, width, height, options.minArea, 1);
    const changed = holes.changed || islands.changed;
    return { ...item, mask: islands.mask, box: inclusive(islands.mask, width), changed };
  });
  return suppressed(cleaned, ({ changed }) => (changed ? 0 : 1), Math.max(options.boxNms, options.cropNms));
}

/** Regions of pixels of `value` that are connected over 8 neighbours and smaller than `minArea` change their value. */
function withoutRegions(mask: Uint8Array, width: number, height: number, minArea: number, value: 0 | 1) {
  const seen = new Uint8Array(mask.length);
  const regions: number[][] = [];
  mask.forEach((pixel, start) => {
    if (pixel !== value || seen[start]) return;
    const region = [start];
    seen[start] = 1;
    for (const at of region)
      for (const [dx, dy] of AROUND) {
        const [x, y] = [(at % width) + dx, Math.floor(at / width) + dy];
        const next = y * width + x;
        if (x < 0 || y < 0 || x >= width || y >= height || seen[next] || mask[next] !== value) continue;
        seen[next] = 1;
        region.push(next);
      }
    regions.push(region);
  });
  const small = regions.filter((region) => region.length < minArea);
  const out = mask.slice();
  const largest = Math.max(0, ...regions.map((region) => region.length));
  const all = small.length === regions.length && value === 1;
  const spared = all ? small.find((region) => region.length === largest) : undefined;
  for (const region of small) if (region !== spared) for (const at of region) out[at] = 1 - value;
  return { mask: out, changed: small.length > 0 };
}

const AROUND = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [dx, dy] as const));
