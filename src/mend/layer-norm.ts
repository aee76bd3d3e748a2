import { floatAttribute, intAttribute } from '../onnx/attributes.js';
import type { EditableGraph } from '../onnx/graph.js';
import type { AttributeProto, NodeProto } from '../onnx/schema.js';
import { intVector } from '../onnx/tensor.js';

/** ReduceMean takes its axes as an input from here on. */
const AXES_AS_INPUT = 18;
/** TensorRT's. */
const MAX_RANK = 8;

/**
 * Writes LayerNormalization out as the nodes that it means, as exporters did before operator set 17: TensorRT 8.5 (JetPack 5)
 * does not know the operator. One that normalises from a fixed axis on is left, since the tensor's rank is not known here.
 * @returns how many were written out.
 */
export function writeOutLayerNorms(graph: EditableGraph): number {
  let count = 0;
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'LayerNormalization' || node.domain) continue;
    const axis = intAttribute(node, 'axis', -1);
    const statistics = (node.output ?? []).slice(1).some((name) => graph.consumers(name).length > 0);
    if (axis >= 0 || axis < -MAX_RANK || statistics) continue;
    const parts = writtenOut(graph, node, axis);
    graph.setNodes(graph.nodes.flatMap((other) => (other === node ? parts : [other])));
    count++;
  }
  return count;
}

/** (x − mean) / √(mean((x − mean)²) + ε) · scale + bias; the last node makes what LayerNormalization made. */
function writtenOut(graph: EditableGraph, node: NodeProto, axis: number): NodeProto[] {
  const [x = '', scale = '', bias = ''] = node.input ?? [];
  const base = node.name ?? node.output?.[0] ?? '';
  const nodes: NodeProto[] = [];
  const add = (opType: string, input: string[], attribute: AttributeProto[] = []): string => {
    const name = graph.fresh(`${base}/${opType}`);
    nodes.push({ opType, name, input, output: [name], attribute });
    return name;
  };
  const axes = Array.from({ length: -axis }, (_, i) => axis + i);
  const mean = (of: string): string => {
    const keep: AttributeProto = { name: 'keepdims', type: 2, i: 1 };
    if (graph.opset < AXES_AS_INPUT)
      return add('ReduceMean', [of], [{ name: 'axes', type: 7, ints: axes }, keep]);
    const name = graph.fresh(`${base}/axes`);
    graph.addInitializer(intVector(name, axes));
    return add('ReduceMean', [of, name], [keep]);
  };
  const epsilon = graph.fresh(`${base}/epsilon`);
  const value = Float32Array.of(floatAttribute(node, 'epsilon') ?? 1e-5);
  graph.addInitializer({ name: epsilon, dataType: 1, dims: [], rawData: new Uint8Array(value.buffer) });
  const centred = add('Sub', [x, mean(x)]);
  const variance = mean(add('Mul', [centred, centred]));
  const deviation = add('Sqrt', [add('Add', [variance, epsilon])]);
  add('Mul', [add('Div', [centred, deviation]), scale]);
  if (bias !== '') add('Add', [nodes.at(-1)?.output?.[0] ?? '', bias]);
  const last = nodes.at(-1);
  if (last) last.output = [node.output?.[0] ?? ''];
  return nodes;
}
