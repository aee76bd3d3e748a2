import { GraphBuilder, type Value } from './builder.js';

/**
 * A YOLOv8 (with or without masks) whose boxes, scores, coefficients and prototypes are a closed form of the picture:
 * the names, ranks and layout are those of Ultralytics' exporter. yolo-reference.ts tells the same in plain loops.
 */
export interface YoloModel {
  /** Side of the input, a multiple of 64. */
  readonly size: number;
  readonly classes: number;
  /** Mask coefficients; 0: a detector without masks. */
  readonly coefficients: number;
}

/** FastSAM's layout: one class, 32 coefficients. */
export const FASTSAM: YoloModel = { size: 128, classes: 1, coefficients: 32 };

export const STRIDES = [16, 32, 64] as const;
/** Pixels of a cell of the prototypes' grid. */
export const PROTOTYPE_STRIDE = 4;
/** What the coefficients are times their colours. */
export const COEFFICIENT_SCALE = 6;
/** A class' score is the sigmoid of 8 times what a channel of the anchor's colour is above this. */
export const CLASS_LEVELS = [0.35, 0.5, 0.6] as const;

/** Weights that tell channels apart and are the same everywhere. */
export function weight(row: number, column: number): number {
  return Math.sin(1.7 * row + 2.3 * column + 0.4);
}

/** Centres of the anchors and their strides, level after level, row by row. */
export function anchors(size: number): { x: number; y: number; stride: number }[] {
  return STRIDES.flatMap((stride) => {
    const side = size / stride;
    return Array.from({ length: side * side }, (_, i) => ({
      x: ((i % side) + 0.5) * stride,
      y: (Math.floor(i / side) + 0.5) * stride,
      stride,
    }));
  });
}

export function yoloGraph({ size, classes, coefficients }: YoloModel): Uint8Array {
  const g = new GraphBuilder({ name: 'yolo' });
  const images = g.input('images', [1, 3, size, size]);
  const colours = anchorColours(g, images, size);
  const places = anchors(size);
  const rows = [...boxRows(g, colours, places), ...scoreRows(g, colours, classes)];
  if (coefficients > 0)
    rows.push(g.node('Mul', [mixed(g, colours, coefficients, 3, 0), g.scalar(COEFFICIENT_SCALE)]));
  const total = 4 + classes + coefficients;
  g.output(g.node('Concat', rows, { axis: 1 }), 'output0', [1, total, places.length]);
  if (coefficients > 0) prototypes(g, images, size, coefficients);
  return g.toBytes();
}

/** [1, 3, A]: the mean colour under each anchor. */
function anchorColours(g: GraphBuilder, images: Value, size: number): Value {
  const levels = STRIDES.map((stride) => {
    const cells = g.node('AveragePool', [images], {
      kernel_shape: [stride, stride],
      strides: [stride, stride],
    });
    return g.node('Reshape', [cells, g.ints([1, 3, (size / stride) ** 2])]);
  });
  return g.node('Concat', levels, { axis: 2 });
}

/** Centres at the anchors; width and height from one to three strides, by red and green. */
function boxRows(
  g: GraphBuilder,
  colours: Value,
  places: readonly { x: number; y: number; stride: number }[],
): Value[] {
  const constant = (of: (place: { x: number; y: number; stride: number }) => number): Value =>
    g.floats(places.map(of), [1, 1, places.length]);
  const side = (channel: number): Value => {
    const double = g.node('Mul', [row(g, colours, channel), g.scalar(2)]);
    return g.node('Mul', [g.node('Add', [double, g.scalar(1)]), constant(({ stride }) => stride)]);
  };
  return [constant(({ x }) => x), constant(({ y }) => y), side(0), side(1)];
}

function scoreRows(g: GraphBuilder, colours: Value, classes: number): Value[] {
  return Array.from({ length: classes }, (_, k) => {
    const over = g.node('Sub', [row(g, colours, (k + 2) % 3), g.scalar(CLASS_LEVELS[k] ?? 0.5)]);
    return g.node('Sigmoid', [g.node('Mul', [over, g.scalar(8)])]);
  });
}

function row(g: GraphBuilder, colours: Value, channel: number): Value {
  return g.node('Gather', [colours, g.ints([channel])], { axis: 1 });
}

/** [1, rows, n] from [1, columns, n]: weights times what is there, minus half of their sum. */
function mixed(g: GraphBuilder, from: Value, rows: number, columns: number, seed: number): Value {
  const weights = Array.from({ length: rows * columns }, (_, i) =>
    weight(seed + Math.floor(i / columns), i % columns),
  );
  const shift = Array.from({ length: rows }, (_, r) =>
    weights.slice(r * columns, (r + 1) * columns).reduce((sum, w) => sum - w / 2, 0),
  );
  const product = g.node('MatMul', [g.floats(weights, [1, rows, columns]), from]);
  return g.node('Add', [product, g.floats(shift, [1, rows, 1])]);
}

/** Of each cell's colour and place. */
function prototypes(g: GraphBuilder, images: Value, size: number, coefficients: number): void {
  const side = size / PROTOTYPE_STRIDE;
  const pool = [PROTOTYPE_STRIDE, PROTOTYPE_STRIDE];
  const cells = g.node('AveragePool', [images], { kernel_shape: pool, strides: pool });
  const flat = g.node('Reshape', [cells, g.ints([1, 3, side * side])]);
  const ramp = (of: (i: number) => number): number[] =>
    Array.from({ length: side * side }, (_, i) => (of(i) + 0.5) / side);
  const places = g.floats(
    [...ramp((i) => i % side), ...ramp((i) => Math.floor(i / side))],
    [1, 2, side * side],
  );
  const all = g.node('Concat', [flat, places], { axis: 1 });
  const mixedAll = mixed(g, all, coefficients, 5, 100);
  g.output(g.node('Reshape', [mixedAll, g.ints([1, coefficients, side, side])]), 'output1', [
    1,
    coefficients,
    side,
    side,
  ]);
}
