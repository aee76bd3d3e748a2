import { type Dim, GraphBuilder, type Value } from '../graphs/builder.js';
import { linear } from '../graphs/layers.js';

/**
 * A decoder of SAM's structure, small, with the forms in which exporters write what stands in the way of batching: its
 * prompts' axis is 1, has_mask_input meets pictures, and the picture's embedding is repeated for each prompt.
 */
export interface Traps {
  /**
   * How `repeat_interleave` over the prompts is written: `one-hot` by torch 2.1 and newer (OneHot → Tile), `split` by torch
   * 1.13 (Split → Expand → Reshape → Concat), `tile` with repeats read from a shape, `none`: left to broadcasting.
   */
  readonly repeat: 'one-hot' | 'split' | 'tile' | 'none';
  /** Default 1, as exported. */
  readonly prompts?: Dim;
  /** Default: symbolic. */
  readonly points?: number;
  /** Default true: it takes a mask for each prompt. */
  readonly masks?: boolean;
  /** Full-size masks that only orig_im_size is needed for. */
  readonly fullMasks?: boolean;
  /** A feature map of the picture is added to what the masks are made of, as SAM 2's decoder does. */
  readonly features?: boolean;
  /** A layer that no mending may pass. */
  readonly spoiler?: (g: GraphBuilder, tokens: Value) => Value;
}

export const GRID = 4;
const DIM = 8;
const HEADS = 2;
const TOKENS = 3;

export function trapDecoder({
  repeat,
  prompts = 1,
  points,
  masks = true,
  fullMasks = false,
  features = false,
  spoiler = (_, tokens) => tokens,
}: Traps): Uint8Array {
  const g = new GraphBuilder({ name: `traps-${repeat}`, seed: 7 });
  const embeddings = g.input('image_embeddings', [1, DIM, GRID, GRID]);
  const fine = features ? g.input('high_res_feats_0', [1, DIM, GRID, GRID]) : undefined;
  const coords = g.input('point_coords', [prompts, points ?? 'num_points', 2]);
  const labels = g.input('point_labels', [prompts, points ?? 'num_points']);
  const count = firstOf(g, g.node('Shape', [labels]));

  const queries = promptTokens(g, coords, labels, count);
  const tokens = attend(g, queries, queries, queries);
  const dense = masks ? maskEmbedding(g, prompts) : g.weights([1, DIM, 1, 1], 0.5);
  const image = g.node('Add', [repeated(g, embeddings, count, repeat), dense]);
  const position = repeated(g, g.weights([1, DIM, GRID, GRID], 0.5), count, repeat);
  const keys = asTokens(g, image);
  const mixed = attend(g, spoiler(g, tokens), g.node('Add', [keys, asTokens(g, position)]), keys);

  const iou = linear(g, g.node('Gather', [mixed, g.int(0)], { axis: 1 }), DIM, TOKENS);
  const hyper = g.node('Slice', [mixed, g.ints([0]), g.ints([TOKENS]), g.ints([1])]);
  const upscaled = fine === undefined ? keys : asTokens(g, g.node('Add', [image, fine]));
  const product = g.node('MatMul', [hyper, g.node('Transpose', [upscaled], { perm: [0, 2, 1] })]);
  const shape = g.node('Concat', [count, g.ints([TOKENS, GRID, GRID])], { axis: 0 });
  const logits = g.node('Reshape', [product, shape]);
  if (fullMasks) g.output(fullSize(g, logits), 'masks', [prompts, TOKENS, 'height', 'width']);
  g.output(iou, 'iou_predictions', [prompts, TOKENS]);
  g.output(logits, 'low_res_masks', [prompts, TOKENS, GRID, GRID]);
  return g.toBytes();
}

/** As SAM's exporter writes it: the flag [1] is multiplied with pictures. */
function maskEmbedding(g: GraphBuilder, prompts: Dim): Value {
  const mask = g.input('mask_input', [prompts, 1, GRID, GRID]);
  const has = g.input('has_mask_input', [prompts]);
  const conv = g.node('Conv', [mask, g.weights([DIM, 1, 1, 1], 0.2)], { kernel_shape: [1, 1] });
  const none = g.node('Mul', [g.node('Sub', [g.scalar(1), has]), g.weights([1, DIM, 1, 1], 0.5)]);
  return g.node('Add', [g.node('Mul', [has, conv]), none]);
}

/** [B] of a shape vector. */
function firstOf(g: GraphBuilder, shape: Value): Value {
  return g.node('Unsqueeze', [g.node('Gather', [shape, g.int(0)], { axis: 0 }), g.ints([0])]);
}

function promptTokens(g: GraphBuilder, coords: Value, labels: Value, count: Value): Value {
  const unit = g.node('Div', [coords, g.scalar(1000)]);
  const wave = g.node('Sin', [g.node('MatMul', [unit, g.weights([2, DIM], 1)])]);
  const kind = g.node('Mul', [g.node('Unsqueeze', [labels, g.ints([2])]), g.weights([1, 1, DIM], 0.3)]);
  // torch's expand(B, -1, -1): -1 leaves a length as it is.
  const wanted = g.node('Concat', [count, g.ints([-1, -1])], { axis: 0 });
  const kept = g.node('Equal', [wanted, g.ints([-1, -1, -1])]);
  const shape = g.node('Where', [kept, g.ints([1, 1, 1]), wanted]);
  const output = g.node('Expand', [g.weights([1, TOKENS, DIM], 0.5), shape]);
  return g.node('Concat', [output, g.node('Add', [wave, kind])], { axis: 1 });
}

function repeated(g: GraphBuilder, x: Value, count: Value, form: Traps['repeat']): Value {
  const back = (value: Value): Value => g.node('Reshape', [value, g.ints([-1, DIM, GRID, GRID])]);
  switch (form) {
    case 'none':
      return x;
    case 'tile':
      return g.node('Tile', [x, g.node('Concat', [count, g.ints([1, 1, 1])], { axis: 0 })]);
    case 'one-hot': {
      const off = g.node('Concat', [g.ints([1]), count], { axis: 0 });
      const hot = g.node('OneHot', [g.ints([1]), g.int(5), off]);
      const repeats = g.node('Reshape', [hot, g.ints([-1])]);
      return back(g.node('Tile', [g.node('Unsqueeze', [x, g.ints([1])]), repeats]));
    }
    case 'split': {
      const part = g.node('Split', [x, g.ints([1])], { axis: 0 });
      const shape = g.node('Concat', [g.ints([1]), count, g.ints([DIM, GRID, GRID])], { axis: 0 });
      const each = g.node('Expand', [g.node('Unsqueeze', [part, g.ints([1])]), shape]);
      return g.node('Concat', [back(each)], { axis: 0 });
    }
  }
}

function asTokens(g: GraphBuilder, x: Value): Value {
  const lead = g.node('Slice', [g.node('Shape', [x]), g.ints([0]), g.ints([2])]);
  const flat = g.node('Reshape', [x, g.node('Concat', [lead, g.ints([-1])], { axis: 0 })]);
  return g.node('Transpose', [flat], { perm: [0, 2, 1] });
}

/** With the heads' Reshape written as SAM's exporter writes it, from the shape of what is reshaped. */
function attend(g: GraphBuilder, q: Value, k: Value, v: Value): Value {
  const lead = (x: Value): Value => g.node('Slice', [g.node('Shape', [x]), g.ints([0]), g.ints([2])]);
  const heads = (x: Value): Value => {
    const projected = linear(g, x, DIM, DIM);
    const shape = g.node('Concat', [lead(projected), g.ints([HEADS, DIM / HEADS])], { axis: 0 });
    return g.node('Transpose', [g.node('Reshape', [projected, shape])], { perm: [0, 2, 1, 3] });
  };
  const scores = g.node('MatMul', [heads(q), g.node('Transpose', [heads(k)], { perm: [0, 1, 3, 2] })]);
  const weights = g.node('Softmax', [g.node('Div', [scores, g.scalar(Math.sqrt(DIM / HEADS))])], {
    axis: -1,
  });
  const mixed = g.node('Transpose', [g.node('MatMul', [weights, heads(v)])], { perm: [0, 2, 1, 3] });
  const shape = g.node('Concat', [lead(mixed), g.ints([DIM])], { axis: 0 });
  return g.node('Add', [q, linear(g, g.node('Reshape', [mixed, shape]), DIM, DIM)]);
}

function fullSize(g: GraphBuilder, logits: Value): Value {
  const size = g.node('Cast', [g.input('orig_im_size', [2])], { to: 7 });
  const lead = g.node('Slice', [g.node('Shape', [logits]), g.ints([0]), g.ints([2])]);
  return g.node('Resize', [logits, null, null, g.node('Concat', [lead, size], { axis: 0 })], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

/**
 * One that can be mended, and answers differently then: what a simplifier makes of choosing a row by the prompt's number is
 * always the first prompt's.
 */
export function spoiledDecoder(): Uint8Array {
  return trapDecoder({
    repeat: 'none',
    spoiler: (g, tokens) => {
      const first = g.node('ReduceMax', [tokens], { axes: [1, 2], keepdims: 0 });
      const rows = g.node('Mul', [g.node('Cast', [first], { to: 7 }), g.int(0)]);
      return g.node('Gather', [tokens, rows], { axis: 0 });
    },
  });
}
