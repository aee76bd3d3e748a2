import type { GraphBuilder, Value } from './builder.js';

/** Layers with random weights, scaled (He et al. 2015) so that activations neither vanish nor explode. */

export interface ConvOptions {
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  /** Scale of the weights: √2 before a ReLU or GELU, 1 where nothing follows. */
  readonly gain?: number;
}

export function conv(g: GraphBuilder, x: Value, options: ConvOptions): Value {
  const { in: channels, out, kernel, stride = 1, pad = 0, gain = Math.SQRT2 } = options;
  const weight = g.weights([out, channels, kernel, kernel], gain / Math.sqrt(channels * kernel * kernel));
  return g.node('Conv', [x, weight, g.weights([out], 0.01)], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
}

/** Doubles the resolution. */
export function convTranspose(
  g: GraphBuilder,
  x: Value,
  options: {
    readonly in: number;
    readonly out: number;
    readonly kernel: number;
    readonly pad?: number;
    readonly outputPad?: number;
  },
): Value {
  const { in: channels, out, kernel, pad = 0, outputPad = 0 } = options;
  const taps = Math.max(1, (kernel * kernel) / 4);
  const weight = g.weights([channels, out, kernel, kernel], Math.SQRT2 / Math.sqrt(channels * taps));
  return g.node('ConvTranspose', [x, weight, g.weights([out], 0.01)], {
    kernel_shape: [kernel, kernel],
    strides: [2, 2],
    pads: [pad, pad, pad, pad],
    output_padding: [outputPad, outputPad],
  });
}

/** x·W + b over the last axis. */
export function linear(g: GraphBuilder, x: Value, inFeatures: number, outFeatures: number, gain = 1): Value {
  const weight = g.weights([inFeatures, outFeatures], gain / Math.sqrt(inFeatures));
  return g.node('Add', [g.node('MatMul', [x, weight]), g.weights([outFeatures], 0.01)]);
}

export function mlp(g: GraphBuilder, x: Value, sizes: readonly number[]): Value {
  const last = sizes.length - 2;
  return sizes.slice(0, -1).reduce((value, size, i) => {
    const next = linear(g, value, size, sizes[i + 1] ?? size, i < last ? Math.SQRT2 : 1);
    return i < last ? g.node('Relu', [next]) : next;
  }, x);
}

export function layerNorm(g: GraphBuilder, x: Value, features: number): Value {
  const scale = g.floats(new Float32Array(features).fill(1), [features]);
  const bias = g.weights([features], 0.01);
  return g.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: 1e-5 } });
}

/** SAM's LayerNorm2d: over the channels of an NCHW tensor, written out as its exporter writes it. */
export function layerNorm2d(g: GraphBuilder, x: Value, channels: number): Value {
  const mean = g.node('ReduceMean', [x], { axes: [1], keepdims: 1 });
  const centred = g.node('Sub', [x, mean]);
  const variance = g.node('ReduceMean', [g.node('Mul', [centred, centred])], { axes: [1], keepdims: 1 });
  const deviation = g.node('Sqrt', [g.node('Add', [variance, g.scalar(1e-6)])]);
  const scale = g.floats(new Float32Array(channels).fill(1), [channels, 1, 1]);
  const scaled = g.node('Mul', [g.node('Div', [centred, deviation]), scale]);
  return g.node('Add', [scaled, g.weights([channels, 1, 1], 0.01)]);
}

/** Exact GELU by erf, as PyTorch exports it below opset 20. */
export function gelu(g: GraphBuilder, x: Value): Value {
  const erf = g.node('Erf', [g.node('Div', [x, g.scalar(Math.SQRT2)])]);
  const gated = g.node('Mul', [x, g.node('Add', [erf, g.scalar(1)])]);
  return g.node('Mul', [gated, g.scalar(0.5)]);
}

export interface AttentionOptions {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly dim: number;
  readonly heads: number;
  /** The inner width is dim / downsample. */
  readonly downsample: number;
}

/** Multi-head attention over [batch, tokens, dim]. */
export function attention(g: GraphBuilder, options: AttentionOptions): Value {
  const { dim, heads } = options;
  const inner = dim / options.downsample;
  const split = (x: Value): Value => {
    const shaped = g.node('Reshape', [linear(g, x, dim, inner), g.ints([0, 0, heads, inner / heads])]);
    return g.node('Transpose', [shaped], { perm: [0, 2, 1, 3] });
  };
  const q = split(options.q);
  const k = g.node('Transpose', [split(options.k)], { perm: [0, 1, 3, 2] });
  const v = split(options.v);
  const scores = g.node('Div', [g.node('MatMul', [q, k]), g.scalar(Math.sqrt(inner / heads))]);
  const mixed = g.node('MatMul', [g.node('Softmax', [scores], { axis: -1 }), v]);
  const joined = g.node('Reshape', [
    g.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
    g.ints([0, 0, inner]),
  ]);
  return linear(g, joined, inner, dim);
}
