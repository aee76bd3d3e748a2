import { constantTensor } from '../onnx/attributes.js';
import { type EditableGraph, label } from '../onnx/graph.js';
import { outputTypes } from '../onnx/op-types.js';
import type { NodeProto, TensorProto } from '../onnx/schema.js';
import { tensorDims, tensorValues } from '../onnx/tensor.js';
import { type Fact, MAX_VALUES, ShapeMismatch } from './fact.js';
import { outputShapes } from './shape-rules.js';
import { outputValues } from './value-rules.js';

export type Facts = Map<string, Fact>;

/**
 * Shapes of all tensors when the inputs have these, worked through with numbers: what a symbol would leave open (is it the
 * prompts or the points that grow here?) shows by comparing two sizes.
 * @throws ShapeMismatch, naming the node, where the graph does not run at this size.
 */
export function inferFacts(graph: EditableGraph, inputs: ReadonlyMap<string, readonly number[]>): Facts {
  const facts = startingFacts(graph, inputs);
  for (const node of graph.nodes) inferNode(graph, node, facts);
  return facts;
}

/** Inputs and weights. An input without given dims has unknown ones. */
export function startingFacts(graph: EditableGraph, inputs: ReadonlyMap<string, readonly number[]>): Facts {
  const facts: Facts = new Map();
  for (const tensor of graph.initializers) facts.set(tensor.name ?? '', constantFact(tensor));
  for (const { name = '', type } of graph.inputs)
    facts.set(name, { type: type?.tensorType?.elemType ?? 0, dims: inputs.get(name) ?? null });
  return facts;
}

/** Adds what is known of a node's outputs. @throws ShapeMismatch naming the node. */
export function inferNode(graph: EditableGraph, node: NodeProto, facts: Facts): void {
  const constant = constantTensor(node);
  if (constant) {
    facts.set(node.output?.[0] ?? '', constantFact(constant));
    return;
  }
  const inputs = (node.input ?? []).map((name) => facts.get(name));
  const types = outputTypes(
    node,
    inputs.map((fact) => fact?.type ?? 0),
  );
  const call = { node, opset: graph.opset, inputs };
  try {
    const shapes = outputShapes(call);
    const values = outputValues(call, shapes, types[0] ?? 0);
    for (const [i, name] of (node.output ?? []).entries()) {
      const value = values[i];
      facts.set(name, { type: types[i] ?? 0, dims: shapes[i] ?? null, ...(value ? { values: value } : {}) });
    }
  } catch (thrown) {
    if (!(thrown instanceof ShapeMismatch)) throw thrown;
    throw new ShapeMismatch(`${label(node)}: ${thrown.message}`);
  }
}

function constantFact(tensor: TensorProto): Fact {
  const values = tensorValues(tensor, MAX_VALUES);
  return { type: tensor.dataType ?? 0, dims: tensorDims(tensor), ...(values ? { values } : {}) };
}
