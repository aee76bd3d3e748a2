import { GraphBuilder, type Value } from './builder.js';
import { attention, conv, convTranspose, gelu, layerNorm, layerNorm2d, linear, mlp } from './layers.js';

/**
 * Graphs of NanoSAM's size and structure with random weights, for benches: what they cost is what the real ones cost,
 * what they say means nothing. Built from the published architecture (ResNet-18: He et al. 2016; NanoSAM's neck:
 * github.com/NVIDIA-AI-IOT/nanosam; mask decoder: Kirillov et al. 2023).
 *
 * Multiply-accumulates of convolutions and matrix products, from the shapes that ONNX infers: encoder 43.6 G at 1024
 * (15.8 M parameters), decoder 1.83 G for one prompt of two points (4.07 M).
 */

const DIM = 256;
const GRID = 64;
const HEADS = 8;
const MASK_TOKENS = 4;

/** `image` [1,3,1024,1024] → `image_embeddings` [1,256,64,64]. Batch norms are folded, as an export has them. */
export function nanosamEncoder(seed = 18): Uint8Array {
  const g = new GraphBuilder({ name: 'nanosam-shaped-encoder', seed });
  const image = g.input('image', [1, 3, 1024, 1024]);
  let x = g.node('Relu', [conv(g, image, { in: 3, out: 64, kernel: 7, stride: 2, pad: 3 })]);
  x = g.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let width = 64;
  for (const out of [64, 128, 256, 512]) {
    x = basicBlock(g, x, width, out);
    x = basicBlock(g, x, out, out);
    width = out;
  }
  for (const channels of [512, DIM, DIM]) {
    x = gelu(g, conv(g, x, { in: channels, out: DIM, kernel: 3, pad: 1 }));
  }
  x = gelu(g, convTranspose(g, x, { in: DIM, out: DIM, kernel: 3, pad: 1, outputPad: 1 }));
  x = gelu(g, conv(g, x, { in: DIM, out: DIM, kernel: 3, pad: 1 }));
  x = conv(g, x, { in: DIM, out: DIM, kernel: 1, gain: 1 });
  const embeddings = g.node('Add', [x, g.weights([1, DIM, GRID, GRID], 1e-5)]);
  g.output(embeddings, 'image_embeddings', [1, DIM, GRID, GRID]);
  return g.toBytes();
}

function basicBlock(g: GraphBuilder, x: Value, channels: number, out: number): Value {
  const stride = channels === out ? 1 : 2;
  const first = g.node('Relu', [conv(g, x, { in: channels, out, kernel: 3, stride, pad: 1 })]);
  const second = conv(g, first, { in: out, out, kernel: 3, pad: 1, gain: 0.5 });
  const shortcut = stride === 1 ? x : conv(g, x, { in: channels, out, kernel: 1, stride, gain: 1 });
  return g.node('Relu', [g.node('Add', [second, shortcut])]);
}

export interface DecoderOptions {
  /** `1` as NanoSAM's authors export it, or `free`: the prompts of an image in one run. */
  readonly batch: 1 | 'free';
  readonly seed?: number;
}

/**
 * `image_embeddings` [1,256,64,64], `point_coords` [B,N,2], `point_labels` [B,N], `mask_input` [B,1,256,256],
 * `has_mask_input` [B] → `iou_predictions` [B,4], `low_res_masks` [B,4,256,256].
 */
export function nanosamDecoder(options: DecoderOptions): Uint8Array {
  const batch = options.batch === 'free' ? 'batch' : 1;
  const g = new GraphBuilder({ name: 'nanosam-shaped-decoder', seed: options.seed ?? 256 });
  const embeddings = g.input('image_embeddings', [1, DIM, GRID, GRID]);
  const coords = g.input('point_coords', [batch, 'num_points', 2]);
  const labels = g.input('point_labels', [batch, 'num_points']);
  const maskInput = g.input('mask_input', [batch, 1, GRID * 4, GRID * 4]);
  const hasMask = g.input('has_mask_input', [batch]);

  const gaussian = g.weights([2, DIM / 2], 1);
  const tokens = promptTokens(g, coords, labels, gaussian);
  const dense = denseEmbedding(g, maskInput, hasMask);
  const image = asTokens(g, g.node('Add', [embeddings, dense]));
  const { queries, keys } = twoWayTransformer(g, image, gridEncoding(g, gaussian), tokens);

  const grid = g.node('Reshape', [
    g.node('Transpose', [keys], { perm: [0, 2, 1] }),
    g.ints([0, DIM, GRID, GRID]),
  ]);
  let upscaled = gelu(
    g,
    layerNorm2d(g, convTranspose(g, grid, { in: DIM, out: DIM / 4, kernel: 2 }), DIM / 4),
  );
  upscaled = gelu(g, convTranspose(g, upscaled, { in: DIM / 4, out: DIM / 8, kernel: 2 }));

  const hyper = Array.from({ length: MASK_TOKENS }, (_, i) =>
    g.node('Unsqueeze', [mlp(g, token(g, queries, 1 + i), [DIM, DIM, DIM, DIM / 8]), g.ints([1])]),
  );
  const flat = g.node('Reshape', [upscaled, g.ints([0, DIM / 8, -1])]);
  const masks = g.node('MatMul', [g.node('Concat', hyper, { axis: 1 }), flat]);
  const shaped = g.node('Reshape', [masks, g.ints([0, MASK_TOKENS, GRID * 4, GRID * 4])]);
  g.output(mlp(g, token(g, queries, 0), [DIM, DIM, DIM, MASK_TOKENS]), 'iou_predictions', [
    batch,
    MASK_TOKENS,
  ]);
  g.output(shaped, 'low_res_masks', [batch, MASK_TOKENS, GRID * 4, GRID * 4]);
  return g.toBytes();
}

/** Random Fourier features (Tancik et al. 2020) of coordinates in 0..1, on the last axis. */
function fourier(g: GraphBuilder, unit: Value, gaussian: Value): Value {
  const centred = g.node('Sub', [g.node('Mul', [unit, g.scalar(2)]), g.scalar(1)]);
  const phase = g.node('Mul', [g.node('MatMul', [centred, gaussian]), g.scalar(2 * Math.PI)]);
  return g.node('Concat', [g.node('Sin', [phase]), g.node('Cos', [phase])], { axis: -1 });
}

/** IoU token, four mask tokens and one token for each point: [B, 5+N, 256]. */
function promptTokens(g: GraphBuilder, coords: Value, labels: Value, gaussian: Value): Value {
  const unit = g.node('Div', [g.node('Add', [coords, g.scalar(0.5)]), g.scalar(GRID * 16)]);
  const label = g.node('Unsqueeze', [labels, g.ints([2])]);
  const is = (value: number): Value => g.node('Cast', [g.node('Equal', [label, g.scalar(value)])], { to: 1 });
  let points = g.node('Mul', [fourier(g, unit, gaussian), g.node('Sub', [g.scalar(1), is(-1)])]);
  for (const value of [-1, 0, 1, 2, 3]) {
    points = g.node('Add', [points, g.node('Mul', [is(value), g.weights([1, 1, DIM], 0.5)])]);
  }
  const batch = g.node('Slice', [g.node('Shape', [coords]), g.ints([0]), g.ints([1])]);
  const shape = g.node('Concat', [batch, g.ints([1 + MASK_TOKENS, DIM])], { axis: 0 });
  const output = g.node('Expand', [g.weights([1, 1 + MASK_TOKENS, DIM], 0.5), shape]);
  return g.node('Concat', [output, points], { axis: 1 });
}

function denseEmbedding(g: GraphBuilder, maskInput: Value, hasMask: Value): Value {
  let x = conv(g, maskInput, { in: 1, out: 4, kernel: 2, stride: 2 });
  x = gelu(g, layerNorm2d(g, x, 4));
  x = gelu(g, layerNorm2d(g, conv(g, x, { in: 4, out: 16, kernel: 2, stride: 2 }), 16));
  x = conv(g, x, { in: 16, out: DIM, kernel: 1, gain: 1 });
  const has = g.node('Reshape', [hasMask, g.ints([-1, 1, 1, 1])]);
  const none = g.node('Mul', [g.node('Sub', [g.scalar(1), has]), g.weights([1, DIM, 1, 1], 0.5)]);
  return g.node('Add', [g.node('Mul', [has, x]), none]);
}

/** The positional encoding of the embedding's cells, [1, 4096, 256]; constant, so onnxruntime folds it. */
function gridEncoding(g: GraphBuilder, gaussian: Value): Value {
  const centres = new Float32Array(GRID * GRID * 2);
  for (let i = 0; i < GRID * GRID; i++) {
    centres[2 * i] = ((i % GRID) + 0.5) / GRID;
    centres[2 * i + 1] = (Math.floor(i / GRID) + 0.5) / GRID;
  }
  return fourier(g, g.floats(centres, [1, GRID * GRID, 2]), gaussian);
}

function asTokens(g: GraphBuilder, x: Value): Value {
  return g.node('Transpose', [g.node('Reshape', [x, g.ints([0, DIM, -1])])], { perm: [0, 2, 1] });
}

function token(g: GraphBuilder, tokens: Value, index: number): Value {
  return g.node('Gather', [tokens, g.int(index)], { axis: 1 });
}

/** SAM's two-way transformer: depth 2, 8 heads, MLP of 2048, cross attention at half width. */
function twoWayTransformer(
  g: GraphBuilder,
  image: Value,
  imagePosition: Value,
  tokens: Value,
): { queries: Value; keys: Value } {
  const add = (a: Value, b: Value): Value => g.node('Add', [a, b]);
  const attend = (q: Value, k: Value, v: Value, downsample: number): Value =>
    attention(g, { q, k, v, dim: DIM, heads: HEADS, downsample });
  let queries = tokens;
  let keys = image;
  for (const layer of [0, 1]) {
    if (layer === 0) queries = attend(queries, queries, queries, 1);
    else {
      const q = add(queries, tokens);
      queries = add(queries, attend(q, q, queries, 1));
    }
    queries = layerNorm(g, queries, DIM);
    queries = add(queries, attend(add(queries, tokens), add(keys, imagePosition), keys, 2));
    queries = layerNorm(g, queries, DIM);
    const hidden = g.node('Relu', [linear(g, queries, DIM, 2048, Math.SQRT2)]);
    queries = layerNorm(g, add(queries, linear(g, hidden, 2048, DIM)), DIM);
    keys = add(keys, attend(add(keys, imagePosition), add(queries, tokens), queries, 2));
    keys = layerNorm(g, keys, DIM);
  }
  queries = add(queries, attend(add(queries, tokens), add(keys, imagePosition), keys, 2));
  return { queries: layerNorm(g, queries, DIM), keys };
}
