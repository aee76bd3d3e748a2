import { intAttribute, intsAttribute, textAttribute } from '../onnx/attributes.js';
import type { NodeProto } from '../onnx/schema.js';
import { axisOf, broadcast, type Fact, product, ShapeMismatch } from './fact.js';

/** Shapes of a node's outputs; null for one that depends on the data. */
type Rule = (call: Call) => readonly (readonly number[] | null)[];

export interface Call {
  readonly node: NodeProto;
  readonly opset: number;
  readonly inputs: readonly (Fact | undefined)[];
}

type Known = (index: number) => readonly number[];

/** A value that a node needs to say its shape was not known. */
class Unknown extends Error {}

const SAME =
  `Identity Cast CastLike Neg Abs Relu Sqrt Erf Sin Cos Tan Tanh Sigmoid Exp Log Floor Ceil Round Sign Not
  Reciprocal Softmax LogSoftmax Hardmax Clip Gelu Mish HardSigmoid HardSwish LeakyRelu Elu Celu Selu Softplus Softsign
  IsNaN IsInf LayerNormalization RMSNormalization InstanceNormalization GroupNormalization BatchNormalization
  LpNormalization LRN CumSum QuantizeLinear DequantizeLinear Dropout Trilu ScatterElements`.split(/\s+/);
const BROADCAST =
  `Add Sub Mul Div Pow Mod Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor Where Max Min Sum Mean PRelu
  BitShift`.split(/\s+/);
const REDUCE =
  `ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum
  ReduceLogSumExp ArgMax ArgMin`.split(/\s+/);

/** Operators whose output has an element for each of its broadcast inputs' elements, in their order. */
export const ELEMENTWISE: ReadonlySet<string> = new Set([
  ...BROADCAST,
  ...`Identity Cast Neg Abs Relu Sqrt Erf Sin Cos Tan Tanh Sigmoid Exp Log Floor Ceil Round Sign Not Reciprocal Clip
  Gelu`.split(/\s+/),
]);

/**
 * The shapes of a node's outputs; null each where they can't be told: an operator that is not known here, or one whose
 * shape depends on data.
 * @throws ShapeMismatch where the inputs do not fit together.
 */
export function outputShapes(call: Call): readonly (readonly number[] | null)[] {
  const unknown = (call.node.output ?? []).map(() => null);
  const rule = call.node.domain ? undefined : RULES.get(call.node.opType ?? '');
  if (!rule) return unknown;
  try {
    return rule(call);
  } catch (thrown) {
    if (thrown instanceof Unknown) return unknown;
    throw thrown;
  }
}

function dims({ inputs }: Call): Known {
  return (index) => {
    const known = inputs[index]?.dims;
    if (!known) throw new Unknown();
    return known;
  };
}

/** Values of an input, or of an attribute that earlier operator sets had in its place; undefined where there is neither. */
export function listOf(
  { node, inputs }: Call,
  index: number,
  attribute: string,
): readonly number[] | undefined {
  const name = node.input?.[index];
  if (name === undefined || name === '') return intsAttribute(node, attribute);
  const values = inputs[index]?.values;
  if (!values) throw new Unknown();
  return values;
}

function values({ inputs }: Call, index: number): readonly number[] {
  const known = inputs[index]?.values;
  if (!known) throw new Unknown();
  return known;
}

function matMul(a: readonly number[], b: readonly number[]): number[] {
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  if (left.at(-1) !== right.at(-2)) throw new ShapeMismatch(`[${a.join(',')}] times [${b.join(',')}]`);
  const lead = broadcast([left.slice(0, -2), right.slice(0, -2)]);
  return [
    ...lead,
    ...(a.length === 1 ? [] : [left.at(-2) as number]),
    ...(b.length === 1 ? [] : [right.at(-1) as number]),
  ];
}

function gemm(call: Call): number[] {
  const [a, b] = [dims(call)(0), dims(call)(1)];
  const [m, k] = intAttribute(call.node, 'transA', 0) ? [a[1], a[0]] : [a[0], a[1]];
  const [k2, n] = intAttribute(call.node, 'transB', 0) ? [b[1], b[0]] : [b[0], b[1]];
  if (a.length !== 2 || b.length !== 2 || k !== k2)
    throw new ShapeMismatch(`[${a.join(',')}] times [${b.join(',')}]`);
  return [m as number, n as number];
}

function pooled(call: Call, kernel: readonly number[]): number[] {
  const { node } = call;
  const spatial = dims(call)(0).slice(2);
  const all = (name: string, absent: number): number[] =>
    intsAttribute(node, name) ?? spatial.map(() => absent);
  const [strides, dilations, pads] = [all('strides', 1), all('dilations', 1), all('pads', 0)];
  const auto = textAttribute(node, 'auto_pad') ?? 'NOTSET';
  const round = intAttribute(node, 'ceil_mode', 0) ? Math.ceil : Math.floor;
  return spatial.map((length, i) => {
    const reach = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const stride = strides[i] ?? 1;
    if (auto.startsWith('SAME')) return Math.ceil(length / stride);
    const padding = auto === 'VALID' ? 0 : (pads[i] ?? 0) + (pads[i + spatial.length] ?? 0);
    return round((length + padding - reach) / stride) + 1;
  });
}

function conv(call: Call): number[] {
  const [x, w] = [dims(call)(0), dims(call)(1)];
  if (x[1] !== (w[1] ?? 0) * intAttribute(call.node, 'group', 1))
    throw new ShapeMismatch(`[${x.join(',')}] convolved by [${w.join(',')}]`);
  return [x[0] as number, w[0] as number, ...pooled(call, w.slice(2))];
}

function convTranspose(call: Call): number[] {
  const { node } = call;
  const [x, w] = [dims(call)(0), dims(call)(1)];
  if (x[1] !== w[0]) throw new ShapeMismatch(`[${x.join(',')}] convolved by [${w.join(',')}]`);
  const spatial = x.slice(2);
  const given = intsAttribute(node, 'output_shape');
  const all = (name: string, absent: number): number[] =>
    intsAttribute(node, name) ?? spatial.map(() => absent);
  const [strides, dilations, pads, extra] = [
    all('strides', 1),
    all('dilations', 1),
    all('pads', 0),
    all('output_padding', 0),
  ];
  const lengths = spatial.map((length, i) => {
    const reach = ((w[i + 2] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const padding = (pads[i] ?? 0) + (pads[i + spatial.length] ?? 0);
    return (strides[i] ?? 1) * (length - 1) + (extra[i] ?? 0) + reach - padding;
  });
  return [x[0] as number, (w[1] as number) * intAttribute(node, 'group', 1), ...(given ?? lengths)];
}

function reduced(call: Call): number[] {
  const x = dims(call)(0);
  const op = call.node.opType ?? '';
  const keep = intAttribute(call.node, 'keepdims', 1) === 1;
  const named = op.startsWith('Arg') ? [intAttribute(call.node, 'axis', 0)] : (listOf(call, 1, 'axes') ?? []);
  const noop = intAttribute(call.node, 'noop_with_empty_axes', 0) === 1;
  if (named.length === 0 && noop) return [...x];
  const axes = named.length === 0 ? x.map((_, i) => i) : named.map((axis) => axisOf(axis, x.length));
  return x.flatMap((length, i) => (axes.includes(i) ? (keep ? [1] : []) : [length]));
}

function concat(call: Call): number[] {
  const shapes = call.inputs.map((_, i) => dims(call)(i));
  const first = shapes[0] ?? [];
  const axis = axisOf(intAttribute(call.node, 'axis', 0), first.length);
  for (const shape of shapes)
    if (shape.length !== first.length || shape.some((length, i) => i !== axis && length !== first[i]))
      throw new ShapeMismatch(`[${shapes.map((s) => s.join(',')).join('] and [')}] joined on axis ${axis}`);
  return first.map((length, i) =>
    i === axis ? shapes.reduce((total, shape) => total + (shape[i] ?? 0), 0) : length,
  );
}

/** First index and count of each axis that a Slice keeps, with its step. */
export function slicing(call: Call): { start: number; count: number; step: number }[] {
  const x = dims(call)(0);
  const starts = listOf(call, 1, 'starts') ?? [];
  const ends = listOf(call, 2, 'ends') ?? [];
  const axes = listOf(call, 3, 'axes') ?? starts.map((_, i) => i);
  const steps = listOf(call, 4, 'steps') ?? starts.map(() => 1);
  const all = x.map((length) => ({ start: 0, count: length, step: 1 }));
  axes.forEach((named, i) => {
    const axis = axisOf(named, x.length);
    const length = x[axis] as number;
    const step = steps[i] ?? 1;
    if (step === 0) throw new ShapeMismatch('a slice of step 0');
    const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
    const wrap = (value: number): number => (value < 0 ? value + length : value);
    const start = clamp(wrap(starts[i] ?? 0), 0, step > 0 ? length : length - 1);
    const end = clamp(wrap(ends[i] ?? length), step > 0 ? 0 : -1, length);
    all[axis] = { start, count: Math.max(0, Math.ceil((end - start) / step)), step };
  });
  return all;
}

/** Lengths of a Split's outputs, by the input, the attribute, or evenly. */
export function splitLengths(call: Call, length: number): readonly number[] {
  const count = call.node.output?.length ?? 1;
  const even = Math.ceil(length / count);
  const lengths =
    listOf(call, 1, 'split') ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  if (lengths.length !== count || lengths.reduce((a, b) => a + b, 0) !== length)
    throw new ShapeMismatch(`${length} split into ${lengths.join('+')}`);
  return lengths;
}

/** A Reshape's target with its 0 and -1 filled in. */
export function reshaped(x: readonly number[], target: readonly number[], allowZero = false): number[] {
  const out = target.map((length, i) => (length === 0 && !allowZero ? (x[i] ?? 0) : length));
  const open = out.indexOf(-1);
  if (open >= 0) out[open] = product(x) / product(out.filter((_, i) => i !== open));
  if (product(out) !== product(x) || out.some((length) => !Number.isInteger(length) || length < 0))
    throw new ShapeMismatch(`[${x.join(',')}] shaped as [${target.join(',')}]`);
  return out;
}

function gathered(call: Call): number[] {
  const [x, at] = [dims(call)(0), dims(call)(1)];
  const axis = axisOf(intAttribute(call.node, 'axis', 0), x.length);
  return [...x.slice(0, axis), ...at, ...x.slice(axis + 1)];
}

function squeezed(call: Call): number[] {
  const x = dims(call)(0);
  const axes = listOf(call, 1, 'axes')?.map((axis) => axisOf(axis, x.length));
  if (axes?.some((axis) => x[axis] !== 1))
    throw new ShapeMismatch(`axis ${axes.join(',')} of [${x.join(',')}] is not 1`);
  return x.filter((length, i) => (axes ? !axes.includes(i) : length !== 1));
}

function unsqueezed(call: Call): number[] {
  const x = dims(call)(0);
  const named = listOf(call, 1, 'axes') ?? [];
  const rank = x.length + named.length;
  const axes = named.map((axis) => axisOf(axis, rank));
  const rest = [...x];
  return Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : (rest.shift() ?? 1)));
}

function flattened(call: Call): number[] {
  const x = dims(call)(0);
  const axis = intAttribute(call.node, 'axis', 1);
  const at = axis < 0 ? axis + x.length : axis;
  return [product(x.slice(0, at)), product(x.slice(at))];
}

function resized(call: Call): number[] {
  const x = dims(call)(0);
  const sizes = call.inputs[3]?.values;
  if (sizes?.length === x.length) return [...sizes];
  const scales = values(call, call.node.opType === 'Upsample' || call.opset < 11 ? 1 : 2);
  if (scales.length !== x.length) throw new Unknown();
  return x.map((length, i) => Math.floor(length * (scales[i] ?? 1)));
}

function padded(call: Call): number[] {
  const x = dims(call)(0);
  if (call.node.input?.[3]) throw new Unknown();
  const pads = listOf(call, 1, 'pads') ?? [];
  return x.map((length, i) => length + (pads[i] ?? 0) + (pads[i + x.length] ?? 0));
}

function blocks(call: Call): number[] {
  const [n, c, h, w] = dims(call)(0) as [number, number, number, number];
  const b = intAttribute(call.node, 'blocksize', 1);
  return call.node.opType === 'SpaceToDepth' ? [n, c * b * b, h / b, w / b] : [n, c / (b * b), h * b, w * b];
}

function scattered(call: Call): readonly number[] {
  const [x, at, updates] = [dims(call)(0), dims(call)(1), dims(call)(2)];
  const wanted = [...at.slice(0, -1), ...x.slice(at.at(-1) ?? 0)];
  if (wanted.join() !== updates.join())
    throw new ShapeMismatch(`[${updates.join(',')}] put into [${x.join(',')}] at [${at.join(',')}]`);
  return x;
}

function oneHot(call: Call): number[] {
  const at = dims(call)(0);
  const depth = values(call, 1)[0] ?? 0;
  const axis = intAttribute(call.node, 'axis', -1);
  const place = axis < 0 ? axis + at.length + 1 : axis;
  return [...at.slice(0, place), depth, ...at.slice(place)];
}

function range(call: Call): number[] {
  const [start = 0, limit = 0, delta = 1] = [0, 1, 2].map((i) => values(call, i)[0]);
  return [Math.max(0, Math.ceil((limit - start) / delta))];
}

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...SAME.map((op): [string, Rule] => [
    op,
    (call) => [dims(call)(0), ...(call.node.output ?? []).slice(1).map(() => null)],
  ]),
  ...BROADCAST.map((op): [string, Rule] => [
    op,
    (call) => [broadcast(call.inputs.map((_, i) => dims(call)(i)))],
  ]),
  ...REDUCE.map((op): [string, Rule] => [op, (call) => [reduced(call)]]),
  ['MatMul', (call) => [matMul(dims(call)(0), dims(call)(1))]],
  ['Gemm', (call) => [gemm(call)]],
  ['Conv', (call) => [conv(call)]],
  ['ConvTranspose', (call) => [convTranspose(call)]],
  ...['MaxPool', 'AveragePool'].map((op): [string, Rule] => [
    op,
    (call) => [
      [...dims(call)(0).slice(0, 2), ...pooled(call, intsAttribute(call.node, 'kernel_shape') ?? [])],
    ],
  ]),
  ...['GlobalAveragePool', 'GlobalMaxPool'].map((op): [string, Rule] => [
    op,
    (call) => [dims(call)(0).map((length, i) => (i < 2 ? length : 1))],
  ]),
  ['Concat', (call) => [concat(call)]],
  ['Slice', (call) => [slicing(call).map(({ count }) => count)]],
  [
    'Split',
    (call) => {
      const x = dims(call)(0);
      const axis = axisOf(intAttribute(call.node, 'axis', 0), x.length);
      return splitLengths(call, x[axis] ?? 0).map((length) => x.map((old, i) => (i === axis ? length : old)));
    },
  ],
  ['Gather', (call) => [gathered(call)]],
  ['GatherElements', (call) => [dims(call)(1)]],
  [
    'GatherND',
    (call) => {
      const [x, at] = [dims(call)(0), dims(call)(1)];
      const batch = intAttribute(call.node, 'batch_dims', 0);
      return [[...at.slice(0, -1), ...x.slice(batch + (at.at(-1) ?? 0))]];
    },
  ],
  [
    'Transpose',
    (call) => {
      const x = dims(call)(0);
      const perm = intsAttribute(call.node, 'perm') ?? x.map((_, i) => x.length - 1 - i);
      if (perm.length !== x.length) throw new ShapeMismatch(`[${x.join(',')}] turned by ${perm.join(',')}`);
      return [perm.map((axis) => x[axis] ?? 0)];
    },
  ],
  [
    'Reshape',
    (call) => [
      reshaped(dims(call)(0), listOf(call, 1, 'shape') ?? [], intAttribute(call.node, 'allowzero', 0) === 1),
    ],
  ],
  ['Flatten', (call) => [flattened(call)]],
  ['Squeeze', (call) => [squeezed(call)]],
  ['Unsqueeze', (call) => [unsqueezed(call)]],
  ['Expand', (call) => [broadcast([dims(call)(0), values(call, 1)])]],
  [
    'Tile',
    (call) => {
      const repeats = values(call, 1);
      return [dims(call)(0).map((length, i) => length * (repeats[i] ?? 1))];
    },
  ],
  ['Shape', (call) => [[shapeRange(call).length]]],
  ['Size', () => [[]]],
  ['ConstantOfShape', (call) => [[...values(call, 0)]]],
  ['Range', (call) => [range(call)]],
  ['OneHot', (call) => [oneHot(call)]],
  ['Pad', (call) => [padded(call)]],
  ['Resize', (call) => [resized(call)]],
  ['Upsample', (call) => [resized(call)]],
  ['SpaceToDepth', (call) => [blocks(call)]],
  ['DepthToSpace', (call) => [blocks(call)]],
  ['ScatterND', (call) => [scattered(call)]],
  ['EyeLike', (call) => [dims(call)(0)]],
]);

/** What a Shape node gives, which may be a part of the shape from operator set 15 on. */
export function shapeRange(call: Call): readonly number[] {
  const x = dims(call)(0);
  return x.slice(intAttribute(call.node, 'start', 0), intAttribute(call.node, 'end', x.length));
}
