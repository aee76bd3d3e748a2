import { EditableGraph, label } from '../../src/onnx/graph.js';
import { readModel } from '../../src/onnx/model.js';
import { outputTypes } from '../../src/onnx/op-types.js';

const [FLOAT, HALF] = [1, 10];

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
    const outputs = constant ? [constant.dataType ?? 0] : outputTypes(node, inputs);
    for (const [i, name] of (node.output ?? []).entries()) types.set(name, outputs[i] ?? 0);
  }
  for (const { name = '', type } of graph.outputs)
    if (types.get(name) !== type?.tensorType?.elemType)
      faults.push(`output ${name} is ${types.get(name)}, declared ${type?.tensorType?.elemType}`);
  const outputs = Object.fromEntries(graph.outputs.map(({ name = '' }) => [name, types.get(name) ?? 0]));
  return { faults, types, outputs };
}
