import type { EditableGraph } from '../onnx/graph.js';
import type { NodeProto } from '../onnx/schema.js';
import { elementCount, tensorDims } from '../onnx/tensor.js';

/**
 * Moves attention's scale from the products of queries and keys, where an FP16 sum may have overflowed already, to the
 * queries: (q·kᵀ)/√d becomes (q/√d)·kᵀ, the same in FP32 but for rounding.
 * @returns how many were moved.
 */
export function scaleQueries(graph: EditableGraph): number {
  let moved = 0;
  for (const scale of [...graph.nodes]) {
    const found = scaledProduct(graph, scale);
    if (!found) continue;
    const { product, factor, factorFirst } = found;
    const [queries = '', keys = ''] = product.input ?? [];
    const [scores = ''] = product.output ?? [];
    const [scaled = ''] = scale.output ?? [];
    const takers = graph.consumers(scaled);
    const name = graph.fresh(`${scores}/scaled_queries`);
    graph.setNodes(graph.nodes.filter((node) => node !== scale));
    graph.insertBefore(product, [
      {
        ...scale,
        input: factorFirst ? [factor, queries] : [queries, factor],
        output: [name],
      },
    ]);
    product.input = [name, keys];
    graph.rewire(scaled, scores, takers);
    moved++;
  }
  return moved;
}

interface ScaledProduct {
  readonly product: NodeProto;
  readonly factor: string;
  readonly factorFirst: boolean;
}

/** A Div or Mul by one constant number between MatMul and Softmax (with a mask added in between, or not). */
function scaledProduct(graph: EditableGraph, node: NodeProto): ScaledProduct | undefined {
  const { opType, input = [], output = [] } = node;
  if (opType !== 'Div' && opType !== 'Mul') return undefined;
  const [scores, factor, factorFirst] =
    opType === 'Mul' && isNumber(graph, input[0] ?? '')
      ? [input[1] ?? '', input[0] ?? '', true]
      : [input[0] ?? '', input[1] ?? '', false];
  if (!isNumber(graph, factor)) return undefined;
  const product = graph.producer(scores);
  if (product?.opType !== 'MatMul' || graph.consumers(scores).length !== 1) return undefined;
  if (graph.isOutput(scores) || graph.isOutput(output[0] ?? '')) return undefined;
  if (!leadsToSoftmax(graph, output[0] ?? '')) return undefined;
  return { product, factor, factorFirst };
}

function leadsToSoftmax(graph: EditableGraph, name: string): boolean {
  const [next, ...others] = graph.consumers(name);
  if (!next || others.length > 0) return false;
  if (next.opType === 'Softmax') return true;
  return (
    next.opType === 'Add' &&
    graph.consumers(next.output?.[0] ?? '').some(({ opType }) => opType === 'Softmax')
  );
}

function isNumber(graph: EditableGraph, name: string): boolean {
  const constant = graph.constant(name);
  return constant !== undefined && elementCount(tensorDims(constant)) === 1;
}
