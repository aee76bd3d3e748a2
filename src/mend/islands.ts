import { findIou } from '../models/decoder-outputs.js';
import { COORDS, LABELS, ORIG_SIZES } from '../models/decoder-roles.js';
import { type EditableGraph, taken } from '../onnx/graph.js';
import { ELEM_TYPES, type NodeProto } from '../onnx/schema.js';
import { tensorValues } from '../onnx/tensor.js';
import { ELEMENTWISE } from './shape-rules.js';

/** Sums and statistics whose squares, exponentials or differences leave FP16's range or precision. */
const ALWAYS = new Set([
  'InstanceNormalization',
  'GroupNormalization',
  'LayerNormalization',
  'LogSoftmax',
  'LpNormalization',
  'MeanVarianceNormalization',
  'ReduceL2',
  'ReduceLogSumExp',
  'ReduceSumSquare',
  'RMSNormalization',
  'Softmax',
]);
/** Operators that give elements of their inputs as they are. */
export const MOVING: ReadonlySet<string> = new Set(
  `Concat DepthToSpace Expand Flatten Gather GatherElements GatherND Identity Pad Reshape Slice SpaceToDepth Split Squeeze
  Tile Transpose Unsqueeze`.split(/\s+/),
);
/** Of FP16. */
const SMALLEST_NORMAL = 2 ** -14;
/** Where what is computed from the prompts alone meets the network's weights: the tokens are made by then. */
const MIXING = new Set(['MatMul', 'Gemm', 'Conv', 'ConvTranspose', 'Attention', 'Einsum']);

/**
 * The nodes that compute in FP32 in a `mixed` network, beside the prompts' way to the tokens: normalisation, softmax,
 * attention without softmax, the head that predicts the IoU, and in encoders the sums of residual connections. Measured and read reasons: |x| > 256
 * squared overflows FP16 in LayerNorm2d, and NanoSAM's authors run the decoder in FP32.
 */
export function islands(graph: EditableGraph): Set<NodeProto> {
  const kept = new Set<NodeProto>();
  for (const node of graph.nodes) {
    if (ALWAYS.has(node.opType ?? '')) kept.add(node);
    if (node.opType === 'Sqrt') for (const part of normalisation(graph, node)) kept.add(part);
    if (node.opType === 'Div') for (const part of linearAttention(graph, node)) kept.add(part);
    if (node.opType === 'Exp') for (const part of writtenOutSoftmax(graph, node)) kept.add(part);
  }
  const decoder = graph.inputs.some(({ name }) => COORDS.includes(name ?? ''));
  const more = decoder ? iouHead(graph) : residualSums(graph);
  for (const node of more) kept.add(node);
  return computing(kept);
}

/** (x − mean(x)) / √(mean((x − mean(x))²) + ε) · scale + bias, written out as nodes, around its root. */
function normalisation(graph: EditableGraph, root: NodeProto): NodeProto[] {
  const sum = maker(graph, root, 0);
  const mean = sum?.opType === 'Add' ? makerOf(graph, sum, 'ReduceMean') : undefined;
  if (!sum || !mean) return [];
  const parts = [root, sum, mean];
  const square = maker(graph, mean, 0);
  if (square && (square.opType === 'Pow' || square.opType === 'Mul')) parts.push(square);
  const centred = square && maker(graph, square, 0);
  if (centred?.opType === 'Sub') {
    parts.push(centred);
    const average = makerOf(graph, centred, 'ReduceMean');
    if (average) parts.push(average);
  }
  for (const taker of takers(graph, root)) {
    const inverse = taker.opType === 'Reciprocal' ? takers(graph, taker) : [];
    for (const scaled of taker.opType === 'Reciprocal' ? inverse : [taker])
      if (scaled.opType === 'Div' || scaled.opType === 'Mul') parts.push(scaled, ...affine(graph, scaled));
    parts.push(taker);
  }
  const subtractions = parts
    .filter(({ opType }) => opType === 'Div' || opType === 'Mul')
    .flatMap((node) => makerOf(graph, node, 'Sub') ?? []);
  return [...parts, ...subtractions];
}

/** The constant scale and bias that follow. */
function affine(graph: EditableGraph, node: NodeProto): NodeProto[] {
  const [next, ...others] = takers(graph, node);
  const constant = next?.input?.some((name) => graph.constant(name));
  if (!next || others.length > 0 || !constant) return [];
  if (next.opType === 'Mul') return [next, ...affine(graph, next)];
  return next.opType === 'Add' ? [next] : [];
}

function writtenOutSoftmax(graph: EditableGraph, exp: NodeProto): NodeProto[] {
  const sums = takers(graph, exp).filter(({ opType }) => opType === 'ReduceSum');
  if (sums.length === 0) return [];
  const shifted = maker(graph, exp, 0);
  return [
    exp,
    ...sums,
    ...takers(graph, exp).filter(({ opType }) => opType === 'Div'),
    ...(shifted?.opType === 'Sub' ? [shifted] : []),
  ];
}

/**
 * Attention without softmax (EfficientViT's): two products, divided by their own sum + ε. The sums run over all of a picture's
 * cells and overflow FP16, which is why its authors compute them in FP32; an ε that FP16 rounds or loses gives them away.
 */
function linearAttention(graph: EditableGraph, quotient: NodeProto): NodeProto[] {
  const sum = maker(graph, quotient, 1);
  const guarded = sum?.opType === 'Add' && (sum.input ?? []).some((name) => isTiny(graph, name));
  if (!guarded) return [];
  const parts = new Map([[quotient, 0]]);
  for (const [node, products] of parts) {
    for (const name of node.input ?? []) {
      const from = graph.producer(name);
      const op = from?.opType ?? '';
      if (!from || parts.has(from) || !(op === 'MatMul' || op === 'Add' || MOVING.has(op))) continue;
      const deep = products + (op === 'MatMul' ? 1 : 0);
      if (deep <= 2) parts.set(from, deep);
    }
  }
  return [...parts.keys()];
}

function isTiny(graph: EditableGraph, name: string): boolean {
  const constant = graph.constant(name);
  const [value = 1] = (constant && tensorValues(constant, 1)) ?? [];
  return value !== 0 && Math.abs(value) < SMALLEST_NORMAL;
}

/** What only moves numbers takes the type of those around it. */
function computing(nodes: Iterable<NodeProto>): Set<NodeProto> {
  return new Set([...nodes].filter(({ opType }) => !MOVING.has(opType ?? '')));
}

/**
 * What is computed from coordinates, labels, the picture's size and constants alone, up to where the tokens meet weights: in
 * FP32 whatever the precision. Pixels of large pictures have no FP16 neighbours, and EfficientSAM multiplies them by 1024.
 */
export function promptPath(graph: EditableGraph): Set<NodeProto> {
  const sines = graph.nodes.filter(({ opType }) => opType === 'Sin' || opType === 'Cos');
  const towardsSines = ancestors(
    graph,
    sines.flatMap((node) => node.input ?? []),
  );
  const names = [...COORDS, ...LABELS, ...ORIG_SIZES];
  const own = new Set(graph.inputs.flatMap(({ name = '' }) => (names.includes(name) ? [name] : [])));
  if (own.size === 0) return new Set();
  const path: NodeProto[] = [];
  for (const node of graph.nodes) {
    if ([...taken(node)].some((name) => !own.has(name) && !graph.constant(name))) continue;
    if (MIXING.has(node.opType ?? '') && !towardsSines.has(node)) continue;
    for (const name of node.output ?? []) own.add(name);
    path.push(node);
  }
  return computing(path);
}

/** What leads to the predicted IoU and to nothing else. */
function iouHead(graph: EditableGraph): NodeProto[] {
  const names = graph.outputs.map(({ name = '' }) => name);
  const iou = findIou(names);
  if (iou === undefined || names.length < 2) return [];
  const others = ancestors(
    graph,
    names.filter((name) => name !== iou),
  );
  return [...ancestors(graph, [iou])].filter((node) => !others.has(node));
}

function residualSums(graph: EditableGraph): NodeProto[] {
  return graph.nodes.filter(
    ({ opType, input }) => opType === 'Add' && (input ?? []).every((name) => !graph.constant(name)),
  );
}

/**
 * Numbers that become whole ones (indices, sizes): FP16 has none above 2048 without gaps, so that these are computed in FP32
 * whatever the precision.
 */
export function indexArithmetic(graph: EditableGraph, types: ReadonlyMap<string, number>): Set<NodeProto> {
  const integers: readonly number[] = [ELEM_TYPES.int64, ELEM_TYPES.int32];
  const found = new Set<NodeProto>();
  const open = graph.nodes.filter(
    (node) =>
      node.opType === 'Cast' &&
      integers.includes(types.get(node.output?.[0] ?? '') ?? 0) &&
      types.get(node.input?.[0] ?? '') === ELEM_TYPES.float32,
  );
  for (const node of open) {
    for (const name of node.input ?? []) {
      const from = graph.producer(name);
      const op = from?.opType ?? '';
      if (!from || found.has(from) || !(ELEMENTWISE.has(op) || MOVING.has(op))) continue;
      if (types.get(name) !== ELEM_TYPES.float32) continue;
      found.add(from);
      open.push(from);
    }
  }
  return found;
}

function ancestors(graph: EditableGraph, names: readonly string[]): Set<NodeProto> {
  const open = new Set(names);
  const found = new Set<NodeProto>();
  for (const name of open) {
    const node = graph.producer(name);
    if (!node) continue;
    found.add(node);
    for (const input of taken(node)) open.add(input);
  }
  return found;
}

function maker(graph: EditableGraph, node: NodeProto, input: number): NodeProto | undefined {
  return graph.producer(node.input?.[input] ?? '');
}

function makerOf(graph: EditableGraph, node: NodeProto, op: string): NodeProto | undefined {
  return (node.input ?? []).map((name) => graph.producer(name)).find((from) => from?.opType === op);
}

function takers(graph: EditableGraph, node: NodeProto): readonly NodeProto[] {
  return graph.consumers(node.output?.[0] ?? '');
}
