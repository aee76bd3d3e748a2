import type { Picture } from '../segment/picture.js';
import { GraphBuilder, type Value } from './builder.js';
import { type Plane, resizeBilinear } from './reference.js';

/**
 * An early-fusion network of SqueezeSAM's layout whose logits are a closed form of its five channels: picture, box,
 * points. Below it what its authors' EarlyFusion draws, and the same form, in plain loops.
 */
export interface FusionModel {
  readonly size: number;
  /** One input of all channels, or `image` and `prompt` apart. */
  readonly inputs: 'one' | 'two';
  readonly batch: 'free' | 1;
  readonly scores: boolean;
  /** Candidates and grid are declared as symbols, as torch's exporter leaves them. */
  readonly open?: boolean;
}

const STRIDE = 4;
const CANDIDATES = 4;
/** Of red, green, blue (normalised), box and points, then a constant. */
const WEIGHTS = [
  [0.1, 0.1, 0.1, 1, 1, 0],
  [0.6, -0.8, 0.3, 2.5, 6, -2],
  [-0.5, 0.9, 0.4, 3, 9, -2.5],
  [0.8, 0.2, -0.9, 4, 4, -3],
] as const;
const MEAN = [123.675, 116.28, 103.53];
const STD = [58.395, 57.12, 57.375];
const RADIUS = 5;

export function fusionGraph({ size, inputs, batch, scores, open = false }: FusionModel): Uint8Array {
  const g = new GraphBuilder({ name: 'fusion' });
  const rows = batch === 'free' ? 'batch' : 1;
  const grid = size / STRIDE;
  const pooled = (value: Value): Value =>
    g.node('AveragePool', [value], { kernel_shape: [STRIDE, STRIDE], strides: [STRIDE, STRIDE] });
  const conv = (value: Value, from: number, to: number): Value =>
    g.node('Conv', [
      pooled(value),
      g.floats(
        WEIGHTS.flatMap((weights) => weights.slice(from, to)),
        [CANDIDATES, to - from, 1, 1],
      ),
    ]);
  let sum: Value;
  if (inputs === 'one') sum = conv(g.input('image', [rows, 5, size, size]), 0, 5);
  else {
    const picture = conv(g.input('image', [1, 3, size, size]), 0, 3);
    sum = g.node('Add', [picture, conv(g.input('prompt', [rows, 2, size, size]), 3, 5)]);
  }
  const constant = g.floats(
    WEIGHTS.map((weights) => weights[5]),
    [1, CANDIDATES, 1, 1],
  );
  const closed = g.node('Add', [sum, constant]);
  const logits = open ? unforeseen(g, closed, [CANDIDATES, grid, grid]) : closed;
  g.output(logits, 'masks', open ? [rows, 'c', 'h', 'w'] : [rows, CANDIDATES, grid, grid]);
  if (scores) {
    const mean = g.node('ReduceMean', [logits], { axes: [2, 3], keepdims: 0 });
    g.output(g.node('Sigmoid', [mean]), 'iou_predictions', open ? [rows, 'c'] : [rows, CANDIDATES]);
  }
  return g.toBytes();
}

/** The same tensor, of a shape that onnxruntime can't know before it runs. */
function unforeseen(g: GraphBuilder, value: Value, lengths: readonly number[]): Value {
  const nothing = g.node('Mul', [g.node('ReduceMean', [value], { keepdims: 0 }), g.scalar(0)]);
  const shape = g.node('Add', [g.node('Reshape', [nothing, g.ints([1])]), g.floats([-1, ...lengths], [4])]);
  return g.node('Reshape', [value, g.node('Cast', [shape], { to: 7 })]);
}

export interface FusionPrompt {
  readonly box?: readonly [number, number, number, number];
  readonly points?: readonly { readonly x: number; readonly y: number; readonly label: 0 | 1 }[];
}

/** Box and points as SqueezeSAM's authors draw them, on an input of size × size. */
export function drawn({ box, points = [] }: FusionPrompt, size: number, { width, height }: Picture): Plane[] {
  const plane = (of: (x: number, y: number) => boolean): Plane => ({
    data: Float32Array.from({ length: size * size }, (_, i) => Number(of(i % size, Math.floor(i / size)))),
    width: size,
    height: size,
  });
  const placed = points.map(({ x, y }) => ({ x: (x * size) / width, y: (y * size) / height }));
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box?.map((v, i) => (v * size) / (i % 2 ? height : width)) ?? [];
  return [
    plane((x, y) => box === undefined || (x >= x1 && x <= x2 && y >= y1 && y <= y2)),
    plane((x, y) => placed.some((p) => (x - p.x) ** 2 + (y - p.y) ** 2 <= RADIUS ** 2)),
  ];
}

/** Each candidate's logits at the picture's size, its predicted IoU, and its stability on the network's grid. */
export function fusionAnswer(
  { size }: FusionModel,
  prompt: FusionPrompt,
  picture: Picture,
): { full: Float32Array; iou: number; gridStability: number }[] {
  const { rgb, width, height } = picture;
  const colours = [0, 1, 2].map((c) => {
    const own = Float32Array.from({ length: width * height }, (_, i) => rgb[3 * i + c] ?? 0);
    const { data } = resizeBilinear({ data: own, width, height }, size, size);
    return { data: data.map((v) => (v - (MEAN[c] ?? 0)) / (STD[c] ?? 1)), width: size, height: size };
  });
  const grid = size / STRIDE;
  const cells = [...colours, ...drawn(prompt, size, picture)].map(({ data }) => {
    const mean = new Float32Array(grid * grid);
    data.forEach((value, i) => {
      const at = Math.floor(i / size / STRIDE) * grid + Math.floor((i % size) / STRIDE);
      mean[at] = (mean[at] ?? 0) + value / STRIDE ** 2;
    });
    return mean;
  });
  return WEIGHTS.map((weights) => {
    const logits = Float32Array.from({ length: grid * grid }, (_, i) =>
      cells.reduce<number>((sum, cell, c) => sum + (weights[c] ?? 0) * (cell[i] ?? 0), weights[5]),
    );
    const average = logits.reduce((sum, v) => sum + v, 0) / logits.length;
    const over = (least: number): number => logits.filter((v) => v > least).length;
    return {
      full: resizeBilinear({ data: logits, width: grid, height: grid }, width, height).data,
      iou: 1 / (1 + Math.exp(-average)),
      gridStability: over(-1) === 0 ? 1 : over(1) / over(-1),
    };
  });
}
