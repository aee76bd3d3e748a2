import { type Dim, GraphBuilder, type Value } from './builder.js';
import {
  BOX_COLOUR,
  COARSE_COLOUR,
  COLOUR_DIFFERENCE,
  candidates,
  EFFICIENTSAM_POINTS,
  type Family,
  FINE_COLOUR,
  OWN_COLOUR,
  type SemanticModel,
  STRIDE,
  UNIT_MEAN,
  UNIT_STD,
} from './semantics.js';

const PACK = 4;
const CHANNELS = 3 * PACK * PACK;

const TAKES_MASKS: readonly Family[] = ['nanosam', 'sam', 'tinysam', 'sam2'];
const ASKS_FOR_SIZE: readonly Family[] = ['sam', 'tinysam'];

/** The encoder of semantics.ts as an ONNX file, with the family's own input name. */
export function semanticEncoder({ family, size }: SemanticModel): Uint8Array {
  const g = new GraphBuilder({ name: `${family}-semantic-encoder` });
  let image: Value;
  if (family === 'efficientsam') {
    const raw = g.input('batched_images', [1, 3, 'height', 'width']);
    const stretched = resize(g, raw, g.ints([1, 3, size, size]));
    const centred = g.node('Sub', [stretched, g.floats(UNIT_MEAN, [1, 3, 1, 1])]);
    image = g.node('Div', [centred, g.floats(UNIT_STD, [1, 3, 1, 1])]);
  } else {
    image = g.input(family === 'efficientvit-sam' ? 'input_image' : 'image', [1, 3, size, size]);
  }
  const cells = g.node('AveragePool', [image], { kernel_shape: [STRIDE, STRIDE], strides: [STRIDE, STRIDE] });
  const packed = g.node('SpaceToDepth', [cells], { blocksize: PACK });
  const side = size / STRIDE / PACK;
  if (family === 'sam2') encoderFeatures(g, cells, size / STRIDE);
  g.output(packed, family === 'sam2' ? 'image_embed' : 'image_embeddings', [1, CHANNELS, side, side]);
  return g.toBytes();
}

/** SAM 2's exporters put them before the embedding. */
function encoderFeatures(g: GraphBuilder, cells: Value, grid: number): void {
  const redAndBlue = g.node('Gather', [cells, g.ints([0, 2])], { axis: 1 });
  const fine = g.node('Mul', [redAndBlue, g.floats(FINE_COLOUR, [1, 2, 1, 1])]);
  const coarse = g.node('AveragePool', [cells], { kernel_shape: [2, 2], strides: [2, 2] });
  g.output(fine, 'high_res_feats_0', [1, 2, grid, grid]);
  g.output(coarse, 'high_res_feats_1', [1, 3, grid / 2, grid / 2]);
}

/** The decoder of semantics.ts as an ONNX file, with the family's own inputs and outputs. */
export function semanticDecoder(model: SemanticModel): Uint8Array {
  const { family, size, batch } = model;
  const g = new GraphBuilder({ name: `${family}-semantic-decoder` });
  const grid = size / STRIDE;
  const prompts: Dim = batch === 'free' ? 'num_prompts' : 1;
  const embeddings = g.input(family === 'sam2' ? 'image_embed' : 'image_embeddings', [
    1,
    CHANNELS,
    grid / PACK,
    grid / PACK,
  ]);
  const features = family === 'sam2' ? [decoderFeatures(g, grid)] : [];
  const { x, y, labels, origSize } = promptInputs(g, model, prompts);
  const scene = {
    g,
    model,
    grid,
    x,
    y,
    labels,
    colours: g.node('DepthToSpace', [embeddings], { blocksize: PACK }),
  };

  let logit = sum(g, [boxAndPoints(scene), paddingAndOwnColour(scene), ...features]);
  let score = promptScore(scene);
  if (TAKES_MASKS.includes(family)) {
    const mask = g.input('mask_input', [prompts, 1, grid, grid]);
    const has = g.input('has_mask_input', [prompts]);
    const clipped = g.node('Clip', [mask, g.scalar(-8), g.scalar(8)]);
    const weight = g.node('Reshape', [g.node('Mul', [has, g.scalar(0.25)]), g.ints([-1, 1, 1, 1])]);
    logit = g.node('Add', [logit, g.node('Mul', [clipped, weight])]);
    const bonus = g.node('Reshape', [g.node('Mul', [has, g.scalar(0.01)]), g.ints([-1, 1])]);
    score = g.node('Add', [score, bonus]);
  }
  // SAM's exporter puts it last, EfficientSAM's too.
  const orig = ASKS_FOR_SIZE.includes(family) ? g.input('orig_im_size', [2]) : origSize;

  const choices = candidates(family);
  const perCandidate = (values: readonly number[]): Value => g.floats(values, [1, values.length, 1, 1]);
  const shifted = g.node('Sub', [logit, perCandidate(choices.map(({ shift }) => shift))]);
  const lowRes = g.node('Mul', [shifted, perCandidate(choices.map(({ scale }) => scale))]);
  const bases = choices.map(({ iou }) => iou);
  const iou = g.node('Add', [score, g.floats(bases, [1, bases.length])]);
  declareOutputs({ g, model, prompts, grid, lowRes, iou, ...(orig ? { orig } : {}) });
  return g.toBytes();
}

/** What SAM 2's features add to the logits: [1, 1, grid, grid]. */
function decoderFeatures(g: GraphBuilder, grid: number): Value {
  const fine = g.input('high_res_feats_0', [1, 2, grid, grid]);
  const coarse = g.input('high_res_feats_1', [1, 3, grid / 2, grid / 2]);
  const weighted = g.node('Mul', [coarse, g.floats(COARSE_COLOUR, [1, 3, 1, 1])]);
  const wide = g.node('Resize', [weighted, null, null, g.ints([1, 3, grid, grid])], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
  return g.node('Add', [reduce(g, 'ReduceSum', fine), reduce(g, 'ReduceSum', wide)]);
}

interface Scene {
  readonly g: GraphBuilder;
  readonly model: SemanticModel;
  readonly grid: number;
  /** Coordinates in input pixels and labels, [B, N]. */
  readonly x: Value;
  readonly y: Value;
  readonly labels: Value;
  /** [1, 3, grid, grid] */
  readonly colours: Value;
}

function promptInputs(
  g: GraphBuilder,
  { family, size, promptFrame }: SemanticModel,
  prompts: Dim,
): { x: Value; y: Value; labels: Value; origSize?: Value } {
  const axis = (coords: Value, index: number): Value => g.node('Gather', [coords, g.int(index)], { axis: 2 });
  if (family !== 'efficientsam') {
    const raw = g.input('point_coords', [prompts, 'num_points', 2]);
    const labels = g.input('point_labels', [prompts, 'num_points']);
    const coords = g.node('Mul', [g.node('Add', [raw, g.scalar(0.5)]), g.scalar(size / promptFrame)]);
    return { x: axis(coords, 0), y: axis(coords, 1), labels };
  }
  const raw = g.input('batched_point_coords', [1, prompts, 'num_points', 2]);
  const rawLabels = g.input('batched_point_labels', [1, prompts, 'num_points']);
  const origSize = g.input('orig_im_size', [2], 'int64');
  const firstPoints = (x: Value): Value =>
    g.node('Slice', [
      g.node('Squeeze', [x, g.ints([0])]),
      g.ints([0]),
      g.ints([EFFICIENTSAM_POINTS]),
      g.ints([1]),
    ]);
  const coords = firstPoints(raw);
  const source = g.node('Cast', [origSize], { to: 1 });
  const scaled = (index: number, side: number): Value => {
    const scale = g.node('Div', [g.scalar(size), g.node('Gather', [source, g.int(side)], { axis: 0 })]);
    return g.node('Add', [g.node('Mul', [axis(coords, index), scale]), g.scalar(0.5)]);
  };
  return { x: scaled(0, 1), y: scaled(1, 0), labels: firstPoints(rawLabels), origSize };
}

function boxAndPoints(scene: Scene): Value {
  const { g, model, x, y } = scene;
  const { gridX, gridY } = cellCentres(scene);
  const corner = (label: number, of: Value): Value =>
    reduce(g, 'ReduceSum', g.node('Mul', [is(scene, label), of]));
  const [x1, y1, x2, y2] = [corner(2, x), corner(2, y), corner(3, x), corner(3, y)] as const;
  const sides = [
    g.node('Sub', [gridX, planes(g, x1)]),
    g.node('Sub', [planes(g, x2), gridX]),
    g.node('Sub', [gridY, planes(g, y1)]),
    g.node('Sub', [planes(g, y2), gridY]),
  ];
  const depth = g.node('Mul', [g.node('Min', sides), g.scalar(1 / 16)]);
  const middle = (a: Value, b: Value): Value => g.node('Mul', [g.node('Add', [a, b]), g.scalar(0.5)]);
  const boxColour = g.node('Mul', [
    colourDifference(scene, middle(x1, x2), middle(y1, y2)),
    g.scalar(-BOX_COLOUR),
  ]);
  const box = sum(g, [g.node('Clip', [depth, g.scalar(-3), g.scalar(3)]), boxColour, g.scalar(0.5)]);

  const toX = g.node('Sub', [gridX, planes(g, x)]);
  const toY = g.node('Sub', [gridY, planes(g, y)]);
  const distance = g.node('Sqrt', [g.node('Add', [g.node('Mul', [toX, toX]), g.node('Mul', [toY, toY])])]);
  const away = (unit: number): Value => g.node('Mul', [distance, g.scalar(-1 / unit)]);
  const near = sum(g, [away(model.size / 8), g.scalar(2), g.node('Neg', [colourDifference(scene, x, y)])]);
  // Other labels' points are pushed far below what any foreground point gives.
  const others = g.node('Mul', [g.node('Sub', [planes(g, is(scene, 1)), g.scalar(1)]), g.scalar(1e4)]);
  const foreground = reduce(g, 'ReduceMax', g.node('Add', [near, others]));

  const hasBox = planes(g, reduce(g, 'ReduceMax', is(scene, 2)));
  const hasPoint = planes(g, reduce(g, 'ReduceMax', is(scene, 1)));
  const nothing = g.node('Sub', [
    g.node('Mul', [g.node('Max', [hasBox, hasPoint]), g.scalar(2)]),
    g.scalar(2),
  ]);
  const terms = [g.node('Mul', [hasBox, box]), g.node('Mul', [hasPoint, foreground]), nothing];
  if (model.family !== 'efficientsam') {
    const reach = g.node('Relu', [g.node('Add', [away(model.size / 16), g.scalar(3)])]);
    const background = reduce(g, 'ReduceSum', g.node('Mul', [reach, planes(g, is(scene, 0))]));
    terms.push(g.node('Neg', [background]));
  }
  return sum(g, terms);
}

function paddingAndOwnColour(scene: Scene): Value {
  const { g, colours } = scene;
  const padding = g.node('Mul', [reduce(g, 'ReduceSum', is(scene, -1)), g.scalar(-0.25)]);
  const weighted = g.node('Mul', [colours, g.floats(OWN_COLOUR, [1, 3, 1, 1])]);
  return g.node('Add', [planes(g, padding), reduce(g, 'ReduceSum', weighted)]);
}

/** The part of the predicted IoU that comes from the points, [B, 1]. */
function promptScore({ g, x, y, labels }: Scene): Value {
  const mean = (value: Value): Value => g.node('ReduceMean', [value], { axes: [1], keepdims: 1 });
  const ones = g.node('Add', [g.node('Mul', [labels, g.scalar(0)]), g.scalar(1)]);
  const ordinal = g.node('CumSum', [ones, g.int(1)]);
  const order = g.node('Mul', [mean(g.node('Mul', [ordinal, labels])), g.scalar(0.002)]);
  const wave = (of: Value): Value => {
    const sine = g.node('Sin', [g.node('Mul', [mean(of), g.scalar(1 / 4)])]);
    return g.node('Mul', [sine, g.scalar(0.02)]);
  };
  return sum(g, [order, wave(x), wave(y)]);
}

/** Weighted difference of each cell's colour to that of the cell at (x, y) [B, K]: [B, K, grid, grid]. */
function colourDifference({ g, grid, colours }: Scene, x: Value, y: Value): Value {
  const cell = (value: Value): Value =>
    g.node('Clip', [
      g.node('Floor', [g.node('Div', [value, g.scalar(STRIDE)])]),
      g.scalar(0),
      g.scalar(grid - 1),
    ]);
  const flat = g.node('Add', [g.node('Mul', [cell(y), g.scalar(grid)]), cell(x)]);
  const table = g.node('Reshape', [colours, g.ints([3, -1])]);
  const found = g.node('Gather', [table, g.node('Cast', [flat], { to: 7 })], { axis: 1 });
  const there = g.node('Unsqueeze', [g.node('Transpose', [found], { perm: [1, 2, 0] }), g.ints([3, 4])]);
  const here = g.node('Unsqueeze', [colours, g.ints([0])]);
  const weighted = g.node('Mul', [
    g.node('Abs', [g.node('Sub', [here, there])]),
    g.floats(COLOUR_DIFFERENCE, [1, 1, 3, 1, 1]),
  ]);
  return g.node('ReduceSum', [weighted, g.ints([2])], { keepdims: 0 });
}

interface Outputs {
  readonly g: GraphBuilder;
  readonly model: SemanticModel;
  readonly prompts: Dim;
  readonly grid: number;
  readonly lowRes: Value;
  readonly iou: Value;
  readonly orig?: Value;
}

function declareOutputs({ g, model, prompts, grid, lowRes, iou, orig }: Outputs): void {
  const count = candidates(model.family).length;
  const lowResShape = [prompts, count, grid, grid];
  switch (model.family) {
    case 'nanosam':
      g.output(iou, 'iou_predictions', [prompts, count]);
      g.output(lowRes, 'low_res_masks', lowResShape);
      return;
    case 'edgesam':
      g.output(iou, 'scores', [prompts, count]);
      g.output(lowRes, 'masks', lowResShape);
      return;
    case 'efficientvit-sam':
    case 'sam2':
      g.output(lowRes, 'masks', lowResShape);
      g.output(iou, 'iou_predictions', [prompts, count]);
      return;
    case 'sam':
    case 'tinysam':
      g.output(samMasks(g, model.size, lowRes, orig), 'masks', [prompts, count, 'height', 'width']);
      g.output(iou, 'iou_predictions', [prompts, count]);
      g.output(lowRes, 'low_res_masks', lowResShape);
      return;
    case 'efficientsam': {
      const lead = (value: Value): Value => g.node('Unsqueeze', [value, g.ints([0])]);
      const masks = resize(
        g,
        lowRes,
        g.node('Concat', [leadingShape(g, lowRes), orig ?? lowRes], { axis: 0 }),
      );
      g.output(lead(masks), 'output_masks', [1, prompts, count, 'height', 'width']);
      g.output(lead(iou), 'iou_predictions', [1, prompts, count]);
      // Its exporter did not name the third output.
      g.output(lead(lowRes), '2160', [1, prompts, count, grid, grid]);
    }
  }
}

/** SAM's mask_postprocessing: to the input's size, crop the padding, to the source's size. */
function samMasks(g: GraphBuilder, size: number, lowRes: Value, orig: Value | undefined): Value {
  const source = orig ?? lowRes;
  const longest = g.node('ReduceMax', [source], { axes: [0], keepdims: 1 });
  const scaled = g.node('Mul', [source, g.node('Div', [g.scalar(size), longest])]);
  const used = g.node('Cast', [g.node('Floor', [g.node('Add', [scaled, g.scalar(0.5)])])], { to: 7 });
  const input = resize(
    g,
    lowRes,
    g.node('Concat', [leadingShape(g, lowRes), g.ints([size, size])], { axis: 0 }),
  );
  const cropped = g.node('Slice', [input, g.ints([0, 0]), used, g.ints([2, 3])]);
  const target = g.node('Cast', [source], { to: 7 });
  return resize(g, cropped, g.node('Concat', [leadingShape(g, lowRes), target], { axis: 0 }));
}

function leadingShape(g: GraphBuilder, x: Value): Value {
  return g.node('Slice', [g.node('Shape', [x]), g.ints([0]), g.ints([2])]);
}

function resize(g: GraphBuilder, x: Value, sizes: Value): Value {
  return g.node('Resize', [x, null, null, sizes], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

function cellCentres({ g, grid }: Scene): { gridX: Value; gridY: Value } {
  const centres = Array.from({ length: grid }, (_, i) => (i + 0.5) * STRIDE);
  return { gridX: g.floats(centres, [1, 1, 1, grid]), gridY: g.floats(centres, [1, 1, grid, 1]) };
}

/** 1 where a point has the label, else 0: [B, N]. */
function is({ g, labels }: Scene, label: number): Value {
  return g.node('Cast', [g.node('Equal', [labels, g.scalar(label)])], { to: 1 });
}

/** [B, K] → [B, K, 1, 1] */
function planes(g: GraphBuilder, x: Value): Value {
  return g.node('Unsqueeze', [x, g.ints([2, 3])]);
}

/** Over axis 1, which stays as 1. */
function reduce(g: GraphBuilder, op: 'ReduceSum' | 'ReduceMax', x: Value): Value {
  return op === 'ReduceSum'
    ? g.node(op, [x, g.ints([1])], { keepdims: 1 })
    : g.node(op, [x], { axes: [1], keepdims: 1 });
}

function sum(g: GraphBuilder, terms: readonly Value[]): Value {
  return terms.reduce((total, term) => g.node('Add', [total, term]));
}
