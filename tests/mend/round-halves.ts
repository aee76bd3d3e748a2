import { constantTensor, tensorAttribute } from '../../src/onnx/attributes.js';
import { EditableGraph } from '../../src/onnx/graph.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import type { NodeProto, TensorProto } from '../../src/onnx/schema.js';
import { checkTypes } from './check-types.js';

const [FLOAT, HALF] = [1, 10];

/**
 * A typed graph as a GPU computes it: each FP16 tensor is rounded to a half where it is made, from sums in FP32.
 * onnxruntime's CPU has few FP16 kernels: it computes in FP32 from one end to the other and leaves the roundings out.
 */
export function roundHalves(typed: Uint8Array): Uint8Array {
  const { types } = checkTypes(typed);
  const graph = new EditableGraph(readModel(typed));
  const nodes: NodeProto[] = [];
  const cast = (from: string, to: string, type: number): void => {
    const attribute = [{ name: 'to', type: 2, i: type }];
    nodes.push({ opType: 'Cast', name: `${to}/rounding`, input: [from], output: [to], attribute });
  };
  const weights = graph.initializers.map((tensor): TensorProto => {
    if (tensor.dataType !== HALF) return tensor;
    const name = `${tensor.name}/as-half`;
    cast(name, tensor.name ?? '', FLOAT);
    return { ...tensor, name };
  });
  for (const node of graph.nodes) {
    const outputs = node.output ?? [];
    if (constantTensor(node)) throw new Error('typed graphs have no Constant nodes');
    const halves = outputs.filter((name) => types.get(name) === HALF);
    if (node.opType === 'Cast' && halves.length > 0) node.attribute = [{ name: 'to', type: 2, i: FLOAT }];
    if (node.opType === 'ConstantOfShape' && halves.length > 0) fillWithSingle(node);
    node.output = outputs.map((name) => (halves.includes(name) ? `${name}/exact` : name));
    nodes.push(node);
    for (const name of halves) {
      cast(`${name}/exact`, `${name}/rounded`, HALF);
      cast(`${name}/rounded`, name, FLOAT);
    }
  }
  graph.setInitializers(weights);
  graph.setNodes(nodes);
  return writeModel(graph.model);
}

/** The value to fill with, which is a half. */
function fillWithSingle(node: NodeProto): void {
  const bits = tensorAttribute(node, 'value')?.rawData ?? new Uint8Array(2);
  const value = halfValue((bits[0] ?? 0) | ((bits[1] ?? 0) << 8));
  const t = { dataType: FLOAT, dims: [1], rawData: new Uint8Array(Float32Array.of(value).buffer) };
  node.attribute = [{ name: 'value', type: 4, t }];
}

/** The number that a half's bits mean (IEEE 754-2008, binary16). */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
