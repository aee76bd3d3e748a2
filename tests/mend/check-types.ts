import { intAttribute, tensorAttribute } from '../../src/onnx/attributes.js';
import { EditableGraph, label } from '../../src/onnx/graph.js';
import { readModel } from '../../src/onnx/model.js';
import type { NodeProto } from '../../src/onnx/schema.js';

const [FLOAT, INT8, INT64, BOOL, HALF] = [1, 3, 7, 9, 10];

/** Inputs whose type is not that of the first: Resize's and Dropout's numbers, what Where, Cast and Shape take. */
const FREE: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2, 3], Dropout: [1, 2] };

export interface TypeCheck {
  /** What does not agree, a sentence each. */
  readonly faults: readonly string[];
  readonly types: ReadonlyMap<string, number>;
  /** Element types of the outputs, by name, as they are computed. */
  readonly outputs: Readonly<Record<string, number>>;
}

/** Holds every node's float inputs against one another, and the outputs against what the file declares. */
export function checkTypes(bytes: Uint8Array): TypeCheck {
  const graph = new EditableGraph(readModel(bytes));
  const types = new Map<string, number>();
  const faults: string[] = [];
  for (const tensor of graph.initializers) types.set(tensor.name ?? '', tensor.dataType ?? 0);
  for (const { name = '', type } of graph.inputs) types.set(name, type?.tensorType?.elemType ?? 0);
  for (const node of graph.nodes) {
    const inputs = (node.input ?? []).map((name) => types.get(name) ?? 0);
    const floats = inputs.filter(
      (type, i) => (type === FLOAT || type === HALF) && !FREE[node.opType ?? '']?.includes(i),
    );
    if (new Set(floats).size > 1) faults.push(`${label(node)} (${node.opType}) takes ${inputs.join(',')}`);
    const constant = graph.constant(node.output?.[0] ?? '');
    const outputs = constant
      ? [constant.dataType ?? 0]
      : outputTypes(node, inputs, (node.output ?? []).length);
    for (const [i, name] of (node.output ?? []).entries()) types.set(name, outputs[i] ?? 0);
  }
  for (const { name = '', type } of graph.outputs)
    if (types.get(name) !== type?.tensorType?.elemType)
      faults.push(`output ${name} is ${types.get(name)}, declared ${type?.tensorType?.elemType}`);
  const outputs = Object.fromEntries(graph.outputs.map(({ name = '' }) => [name, types.get(name) ?? 0]));
  return { faults, types, outputs };
}

/** Of the operators that the tests' graphs have; by hand, so that nothing that is checked here checks itself. */
function outputTypes(node: NodeProto, inputs: readonly number[], count: number): number[] {
  const type = (): number => {
    switch (node.opType) {
      case 'Shape':
      case 'Size':
      case 'ArgMax':
      case 'NonZero':
        return INT64;
      case 'Equal':
      case 'Greater':
      case 'GreaterOrEqual':
      case 'Less':
      case 'LessOrEqual':
      case 'And':
      case 'Or':
      case 'Not':
        return BOOL;
      case 'Cast':
        return intAttribute(node, 'to', 0);
      case 'ConstantOfShape':
        return tensorAttribute(node, 'value')?.dataType ?? FLOAT;
      case 'Where':
        return inputs[1] ?? 0;
      case 'OneHot':
        return inputs[2] ?? 0;
      case 'QuantizeLinear':
        return INT8;
      case 'DequantizeLinear':
      case 'If':
        return FLOAT;
      default:
        return inputs[0] ?? 0;
    }
  };
  return Array.from({ length: count }, type);
}
