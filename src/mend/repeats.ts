import type { EditableGraph } from '../onnx/graph.js';
import type { NodeProto } from '../onnx/schema.js';
import { broadcast, product } from './fact.js';
import { MANY, ONE } from './free-prompts.js';
import { type Facts, inferFacts } from './infer.js';
import { inputSizes, PromptCount, type PromptInput } from './prompt-axes.js';

/** Operators that keep a tensor's elements in their order and change its shape at most. */
const SHAPING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Concat', 'Split']);
const REPEATING = new Set(['Tile', 'Expand']);
/** How a length is taken from a shape. */
const PICKING = new Set(['Slice', 'Gather', 'Unsqueeze', 'Squeeze']);
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Where', 'Pow', 'Max', 'Min']);

/**
 * Replaces what exporters write for `repeat_interleave` over the prompts (OneHot → Tile, which TensorRT refuses as a shape
 * tensor; Split → Expand → Reshape → Concat) by one Expand, or by nothing where the tensor meets one that has a row for each
 * prompt anyway. What counts is not how the exporter wrote it but what it does: a tensor with one row becomes one with that
 * row for each prompt.
 */
export function replaceRepeats(graph: EditableGraph, prompts: readonly PromptInput[]): string[] {
  const one = inferFacts(graph, inputSizes(graph, prompts, ONE));
  const many = inferFacts(graph, inputSizes(graph, prompts, MANY));
  const count = new PromptCount(graph, prompts);
  let expanded = 0;
  let dropped = 0;
  for (const node of [...graph.nodes]) {
    const repeat = findRepeat(graph, node, one, many);
    if (!repeat) continue;
    const { root, end, rank } = repeat;
    if (broadcastsAnyway(graph, many, end, root)) {
      graph.rewire(end, root);
      dropped++;
      continue;
    }
    const shape = graph.fresh(`${end}/each`);
    const ones = count.ints(
      Array.from({ length: rank - 1 }, () => 1),
      [many],
    );
    const vector = count.vector(one, many);
    const maker = graph.producer(end);
    const name = graph.fresh(`${end}/prompts`);
    graph.insertBefore(maker, [
      {
        opType: 'Concat',
        name: shape,
        input: [vector, ones],
        output: [shape],
        attribute: [{ name: 'axis', type: 2, i: 0 }],
      },
      { opType: 'Expand', name, input: [root, shape], output: [name] },
    ]);
    graph.rewire(end, name);
    expanded++;
  }
  if (expanded + dropped === 0) return [];
  return [
    `${expanded + dropped} tensor${expanded + dropped === 1 ? '' : 's'} that the exporter repeated for each prompt ` +
      `${expanded + dropped === 1 ? 'is' : 'are'} broadcast (${dropped} without a node).`,
  ];
}

interface Repeat {
  /** [1, …] */
  readonly root: string;
  /** [prompts, …], the same row each. */
  readonly end: string;
  readonly rank: number;
}

function findRepeat(graph: EditableGraph, node: NodeProto, one: Facts, many: Facts): Repeat | undefined {
  if (!REPEATING.has(node.opType ?? '')) return undefined;
  const [data = ''] = node.input ?? [];
  const [repeated = ''] = node.output ?? [];
  const [x, out, before] = [many.get(data)?.dims, many.get(repeated)?.dims, one.get(data)?.dims];
  if (!x || !out || !before || !same(x, before)) return undefined;
  if (product(out) !== product(x) * MANY.prompts) return undefined;
  const axis = out.findIndex((length, i) => length !== (x[i - out.length + x.length] ?? 1));
  if (product(out.slice(0, axis)) !== 1 || out[axis] !== MANY.prompts) return undefined;
  const root = upstream(graph, many, one, data);
  const end = downstream(graph, many, repeated, root);
  if (!end || graph.isOutput(end)) return undefined;
  if (node.opType === 'Expand' && root === data && end === repeated && isPlain(graph, node.input?.[1] ?? ''))
    return undefined;
  return { root, end, rank: many.get(end)?.dims?.length ?? 0 };
}

/** A shape put together from constants and an input's length, and not by comparing and choosing as torch writes `expand`. */
function isPlain(graph: EditableGraph, shape: string): boolean {
  const maker = graph.producer(shape);
  if (maker?.opType !== 'Concat') return false;
  return (maker.input ?? []).every((name) => {
    let from = graph.producer(name);
    while (from && PICKING.has(from.opType ?? '')) from = graph.producer(from.input?.[0] ?? '');
    return graph.constant(name) !== undefined || from?.opType === 'Shape';
  });
}

/** Back through nodes that only shape, to the first tensor that is one row. */
function upstream(graph: EditableGraph, many: Facts, one: Facts, name: string): string {
  let found = name;
  let at = name;
  for (;;) {
    if (many.get(at)?.dims?.[0] === 1) found = at;
    const maker = graph.producer(at);
    const from = maker?.input?.[0];
    // A repeat that leaves the size as it is only shapes as well.
    if (!maker || !from || !(onlyShapes(maker) || REPEATING.has(maker.opType ?? ''))) return found;
    const [dims, few] = [many.get(from)?.dims, one.get(from)?.dims];
    if (!dims || !few || !same(dims, few) || product(dims) !== product(many.get(at)?.dims ?? []))
      return found;
    at = from;
  }
}

/** On through nodes that only shape, to the tensor that is the root's shape with a row for each prompt. */
function downstream(graph: EditableGraph, many: Facts, name: string, root: string): string | undefined {
  const rootDims = many.get(root)?.dims ?? [];
  const wanted = [MANY.prompts, ...rootDims.slice(1)];
  let found: string | undefined;
  let at = name;
  for (;;) {
    const dims = many.get(at)?.dims;
    if (!dims || rootDims[0] !== 1) return found;
    if (same(dims, wanted)) found = at;
    const shaping = graph.consumers(at).filter(({ opType }) => opType !== 'Shape');
    const [next] = shaping;
    if (shaping.length !== 1 || !next || !onlyShapes(next) || next.input?.[0] !== at || graph.isOutput(at))
      return found;
    at = next.output?.[0] ?? '';
  }
}

function onlyShapes(node: NodeProto): boolean {
  if (!SHAPING.has(node.opType ?? '') || node.domain) return false;
  if (node.opType === 'Concat') return node.input?.length === 1;
  return node.output?.length === 1;
}

/** True where each taker pairs the tensor with one that has the prompts' rows already. */
function broadcastsAnyway(graph: EditableGraph, many: Facts, end: string, root: string): boolean {
  const [rows, row] = [many.get(end)?.dims ?? [], many.get(root)?.dims ?? []];
  return graph.consumers(end).every((node) => {
    if (!BINARY.has(node.opType ?? '') || (node.input ?? []).filter((name) => name === end).length !== 1)
      return false;
    const others = (node.input ?? []).filter((name) => name !== end).map((name) => many.get(name)?.dims);
    if (others.some((dims) => !dims)) return false;
    const known = others as number[][];
    return same(broadcast([row, ...known]), broadcast([rows, ...known]));
  });
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}
