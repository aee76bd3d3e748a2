import { subgraphs } from '../onnx/attributes.js';
import { captured, type EditableGraph, taken } from '../onnx/graph.js';
import { outputTypes } from '../onnx/op-types.js';
import { ELEM_TYPES, type NodeProto } from '../onnx/schema.js';
import { fitsHalf } from './half.js';
import { indexArithmetic, islands, MOVING, promptPath } from './islands.js';
import type { HalfPrecision } from './types.js';

const { float32 } = ELEM_TYPES;

/** Operators without an FP16 form, or whose numbers FP16 can't hold. */
const SINGLE_ONLY = new Set([
  'Bernoulli',
  'BlackmanWindow',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'HammingWindow',
  'HannWindow',
  'If',
  'Loop',
  'MelWeightMatrix',
  'NonMaxSuppression',
  'Multinomial',
  'QuantizeLinear',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Range',
  'Scan',
]);

/** Inputs that stay what they are, by operator: scales and ratios, which have a type of their own. */
const OWN_TYPE: Readonly<Record<string, readonly number[]>> = {
  Dropout: [1, 2],
  Resize: [1, 2],
  Upsample: [1],
};

/** Inputs of any type, whose numbers are not computed with. */
const ANY_TYPE = new Set(['Cast', 'Shape', 'Size']);

/** What a node wants of a float input: `any` takes it as it comes. */
export type Want = 'half' | 'single' | 'any';

export interface Halves {
  /** TensorProto.DataType of every tensor of the graph as it was. */
  readonly types: ReadonlyMap<string, number>;
  /** The nodes that compute in FP32, of those that compute with floats. */
  readonly single: ReadonlySet<NodeProto>;
  want(node: NodeProto, input: number): Want;
}

/** Decides for each node of a float32 graph whether it computes in FP16. */
export function chooseHalves(graph: EditableGraph, precision: HalfPrecision): Halves {
  const types = elementTypes(graph);
  const single = new Set([
    ...(precision === 'mixed' ? islands(graph) : []),
    ...promptPath(graph),
    ...indexArithmetic(graph, types),
    ...graph.nodes.filter((node) => !canBeHalf(graph, node)),
    ...makersOfCaptured(graph),
  ]);
  const want = (node: NodeProto, input: number): Want => {
    if (ANY_TYPE.has(node.opType ?? '')) return 'any';
    if (single.has(node) || OWN_TYPE[node.opType ?? '']?.includes(input)) return 'single';
    return 'half';
  };
  settleMoving(graph, types, single, want);
  const computing = [...single].filter((node) =>
    [...(node.input ?? []), ...(node.output ?? [])].some((name) => types.get(name) === float32),
  );
  return { types, single: new Set(computing), want };
}

function elementTypes(graph: EditableGraph): Map<string, number> {
  const types = new Map<string, number>();
  for (const tensor of graph.initializers) types.set(tensor.name ?? '', tensor.dataType ?? 0);
  for (const { name = '', type } of graph.inputs) types.set(name, type?.tensorType?.elemType ?? 0);
  for (const node of graph.nodes) {
    const constant = graph.constant(node.output?.[0] ?? '');
    const inputs = (node.input ?? []).map((name) => types.get(name) ?? 0);
    const found = constant ? [constant.dataType ?? 0] : (bodyTypes(node) ?? outputTypes(node, inputs));
    for (const [i, name] of (node.output ?? []).entries()) types.set(name, found[i] ?? 0);
  }
  return types;
}

/** What If, Loop and Scan give, as their bodies declare it; a Loop's body gives its condition first. */
function bodyTypes(node: NodeProto): number[] | undefined {
  const [body] = subgraphs(node);
  const types = body?.output?.map(({ type }) => type?.tensorType?.elemType ?? 0);
  return node.opType === 'Loop' ? types?.slice(1) : types;
}

function canBeHalf(graph: EditableGraph, node: NodeProto): boolean {
  if (SINGLE_ONLY.has(node.opType ?? '')) return false;
  return (node.input ?? []).every((name, i) => {
    const constant = graph.constant(name);
    if (constant?.dataType !== float32 || OWN_TYPE[node.opType ?? '']?.includes(i)) return true;
    return fitsHalf(constant);
  });
}

/** Bodies of If and Loop stay as they are, and so does what they take from outside. */
function makersOfCaptured(graph: EditableGraph): NodeProto[] {
  return graph.nodes.flatMap((node) => [...captured(node)]).flatMap((name) => graph.producer(name) ?? []);
}

/**
 * A node that only moves numbers is FP32 where it stands between nodes that are, so that no number is rounded on its way from
 * one to the other.
 */
function settleMoving(
  graph: EditableGraph,
  types: ReadonlyMap<string, number>,
  single: Set<NodeProto>,
  want: (node: NodeProto, input: number) => Want,
): void {
  const moving = (node: NodeProto): boolean => MOVING.has(node.opType ?? '') && !single.has(node);
  const singleAhead = new Set<NodeProto>();
  for (const node of [...graph.nodes].reverse()) {
    if (!moving(node)) continue;
    const ahead = (node.output ?? []).every((name) =>
      graph
        .consumers(name)
        .every(
          (taker) =>
            singleAhead.has(taker) ||
            (taker.input ?? []).every((input, i) => input !== name || want(taker, i) !== 'half'),
        ),
    );
    if (ahead) singleAhead.add(node);
  }
  for (const node of graph.nodes) {
    if (!singleAhead.has(node)) continue;
    const behind = [...taken(node)].every((name) => {
      if (types.get(name) !== float32 || graph.constant(name)) return true;
      const from = graph.producer(name);
      return from === undefined || single.has(from);
    });
    if (behind) single.add(node);
  }
}
