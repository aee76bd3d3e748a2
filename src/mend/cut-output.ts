import { EditableGraph } from '../onnx/graph.js';
import { readModel, writeModel } from '../onnx/model.js';

/**
 * A network without one of its outputs and all that only it needs: an engine must be given memory for each output. The
 * bytes as they are where there is no such output, or no other.
 * @throws SamwireError `model_failed` for bytes that are no ONNX network.
 */
export function withoutOutput(bytes: Uint8Array, name: string): Uint8Array {
  const graph = new EditableGraph(readModel(bytes));
  const others = graph.outputs.filter((output) => output.name !== name);
  if (others.length === graph.outputs.length || others.length === 0) return bytes;
  graph.setOutputs(others);
  graph.removeDead();
  return writeModel(graph.model);
}
