import {
  BOX_COLOUR,
  COARSE_COLOUR,
  COLOUR_DIFFERENCE,
  candidates,
  EFFICIENTSAM_POINTS,
  FINE_COLOUR,
  OWN_COLOUR,
  type SemanticModel,
  STRIDE,
  UNIT_MEAN,
  UNIT_STD,
} from './semantics.js';

/** semantics.ts once more, in plain TypeScript, without ONNX: what a test compares with. */

export interface Plane {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** One prompt as the decoder is fed: points and box corners in the model's prompt frame, in the decoder's order. */
export interface DecoderPrompt {
  readonly points: readonly { readonly x: number; readonly y: number; readonly label: -1 | 0 | 1 | 2 | 3 }[];
  /** Logits on the mask grid. */
  readonly mask?: Float32Array;
}

export interface ReferenceAnswer {
  /** Logits on the mask grid, one plane for each candidate. */
  readonly lowRes: readonly Plane[];
  readonly iou: readonly number[];
}

/**
 * @param image the encoder's input, CHW float32: [3,S,S] prepared as the family wants it; EfficientSAM's is 0..1 at the
 *   source's size.
 * @param source width and height of the source picture.
 */
export function referenceAnswer(
  model: SemanticModel,
  image: { readonly data: Float32Array; readonly width: number; readonly height: number },
  prompt: DecoderPrompt,
  source: { readonly width: number; readonly height: number },
): ReferenceAnswer {
  const { size, family } = model;
  const grid = size / STRIDE;
  const colours = cellColours(model, image);
  const kept = family === 'efficientsam' ? prompt.points.slice(0, EFFICIENTSAM_POINTS) : prompt.points;
  const [scaleX, scaleY] =
    family === 'efficientsam'
      ? [size / source.width, size / source.height]
      : [size / model.promptFrame, size / model.promptFrame];
  const half = family === 'efficientsam' ? [0, 0.5] : [0.5, 0];
  const points = kept.map(({ x, y, label }) => ({
    x: (x + (half[0] ?? 0)) * scaleX + (half[1] ?? 0),
    y: (y + (half[0] ?? 0)) * scaleY + (half[1] ?? 0),
    label,
  }));
  const colourAt = (x: number, y: number): number[] => {
    const cell = (v: number): number => Math.min(grid - 1, Math.max(0, Math.floor(v / STRIDE)));
    return colours.map((plane) => plane[cell(y) * grid + cell(x)] ?? 0);
  };
  const difference = (i: number, to: readonly number[]): number =>
    colours.reduce(
      (sum, plane, c) => sum + (COLOUR_DIFFERENCE[c] ?? 0) * Math.abs((plane[i] ?? 0) - (to[c] ?? 0)),
      0,
    );

  const first = points.find((point) => point.label === 2);
  const second = points.find((point) => point.label === 3);
  const box = first &&
    second && { first, second, colour: colourAt((first.x + second.x) / 2, (first.y + second.y) / 2) };
  const foreground = points.filter((p) => p.label === 1).map((p) => ({ ...p, colour: colourAt(p.x, p.y) }));
  const background = family === 'efficientsam' ? [] : points.filter((p) => p.label === 0);
  const padding = points.filter((p) => p.label === -1).length;

  // SAM 2's features: of the cell itself, and of the 2×2 cells that it belongs to.
  const features = (i: number): number => {
    if (family !== 'sam2') return 0;
    const [left, top] = [(i % grid) & ~1, Math.floor(i / grid) & ~1];
    const four = [0, 1, grid, grid + 1].map((step) => top * grid + left + step);
    const [red = [], , blue = []] = colours;
    return colours.reduce(
      (sum, plane, c) => sum + (COARSE_COLOUR[c] ?? 0) * mean(four.map((k) => plane[k] ?? 0)),
      FINE_COLOUR[0] * (red[i] ?? 0) + FINE_COLOUR[1] * (blue[i] ?? 0),
    );
  };

  const logits = new Float32Array(grid * grid);
  for (let i = 0; i < logits.length; i++) {
    const x = ((i % grid) + 0.5) * STRIDE;
    const y = (Math.floor(i / grid) + 0.5) * STRIDE;
    let logit =
      -0.25 * padding + colours.reduce((sum, plane, c) => sum + (OWN_COLOUR[c] ?? 0) * (plane[i] ?? 0), 0);
    if (box) {
      const depth = Math.min(x - box.first.x, box.second.x - x, y - box.first.y, box.second.y - y) / 16;
      logit += clip(depth, 3) + 0.5 - BOX_COLOUR * difference(i, box.colour);
    }
    if (foreground.length > 0) {
      logit += Math.max(
        ...foreground.map((p) => 2 - Math.hypot(x - p.x, y - p.y) / (size / 8) - difference(i, p.colour)),
      );
    }
    for (const p of background) logit -= Math.max(0, 3 - Math.hypot(x - p.x, y - p.y) / (size / 16));
    if (!box && foreground.length === 0) logit -= 2;
    logit += features(i);
    if (prompt.mask) logit += 0.25 * clip(prompt.mask[i] ?? 0, 8);
    logits[i] = logit;
  }

  const order = mean(points.map((point, i) => (i + 1) * point.label));
  const place = Math.sin(mean(points.map(({ x }) => x)) / 4) + Math.sin(mean(points.map(({ y }) => y)) / 4);
  return {
    lowRes: candidates(family).map(({ scale, shift }) => ({
      data: logits.map((logit) => scale * (logit - shift)),
      width: grid,
      height: grid,
    })),
    iou: candidates(family).map(({ iou }) => iou + (prompt.mask ? 0.01 : 0) + 0.002 * order + 0.02 * place),
  };
}

/** A low-resolution plane at the source's size: SAM's way over the input with the padding cropped, or directly. */
export function fullSize(
  plane: Plane,
  size: number,
  source: { readonly width: number; readonly height: number },
  way: 'sam' | 'direct',
): Plane {
  if (way === 'direct') return resizeBilinear(plane, source.width, source.height);
  const input = resizeBilinear(plane, size, size);
  const scale = size / Math.max(source.width, source.height);
  const width = Math.floor(source.width * scale + 0.5);
  const height = Math.floor(source.height * scale + 0.5);
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) data.set(input.data.subarray(y * size, y * size + width), y * width);
  return resizeBilinear({ data, width, height }, source.width, source.height);
}

/** Bilinear, pixel centres at ½, edges repeated, no antialiasing (PyTorch's align_corners=False). */
export function resizeBilinear(plane: Plane, width: number, height: number): Plane {
  const data = new Float32Array(width * height);
  const taps = (i: number, from: number, to: number): [number, number, number] => {
    const centre = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(centre));
    return [low, Math.min(from - 1, low + 1), centre - low];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = taps(y, plane.height, height);
    for (let x = 0; x < width; x++) {
      const [left, right, across] = taps(x, plane.width, width);
      const at = (row: number, column: number): number => plane.data[row * plane.width + column] ?? 0;
      const upper = at(top, left) * (1 - across) + at(top, right) * across;
      const lower = at(bottom, left) * (1 - across) + at(bottom, right) * across;
      data[y * width + x] = upper * (1 - down) + lower * down;
    }
  }
  return { data, width, height };
}

function cellColours(model: SemanticModel, image: Plane): Float32Array[] {
  const { size, family } = model;
  const grid = size / STRIDE;
  return [0, 1, 2].map((channel) => {
    const area = image.width * image.height;
    let plane = image.data.subarray(channel * area, (channel + 1) * area);
    if (family === 'efficientsam') {
      const stretched = resizeBilinear({ ...image, data: plane }, size, size).data;
      plane = stretched.map((v) => (v - (UNIT_MEAN[channel] ?? 0)) / (UNIT_STD[channel] ?? 1));
    }
    const cells = new Float32Array(grid * grid);
    for (let i = 0; i < size * size; i++) {
      const cell = Math.floor(i / size / STRIDE) * grid + Math.floor((i % size) / STRIDE);
      cells[cell] = (cells[cell] ?? 0) + (plane[i] ?? 0) / STRIDE ** 2;
    }
    return cells;
  });
}

function clip(value: number, reach: number): number {
  return Math.min(reach, Math.max(-reach, value));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
