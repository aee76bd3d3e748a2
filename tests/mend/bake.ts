import { inferFacts } from '../../src/mend/infer.js';
import { inputSizes, promptInputs } from '../../src/mend/prompt-axes.js';
import { EditableGraph } from '../../src/onnx/graph.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import { intVector } from '../../src/onnx/tensor.js';

/**
 * Folds what is a constant for one prompt, whatever its points, as graph simplifiers and tracing exporters do: shapes have
 * a 1 where the prompts were.
 */
export function bakeOnePrompt(bytes: Uint8Array): Uint8Array {
  const graph = new EditableGraph(readModel(bytes));
  const prompts = promptInputs(graph);
  const at = (points: number) => inferFacts(graph, inputSizes(graph, prompts, { prompts: 1, points }));
  const [few, many] = [at(2), at(9)];
  for (const node of graph.nodes) {
    for (const name of node.output ?? []) {
      const [a, b] = [few.get(name), many.get(name)];
      if (a?.type !== 7 || !a.values || !b?.values || graph.constant(name) || graph.isOutput(name)) continue;
      if (a.values.join() !== b.values.join()) continue;
      const tensor = intVector(graph.fresh(`${name}/baked`), a.values);
      graph.addInitializer({ ...tensor, dims: [...(a.dims ?? [])] });
      graph.rewire(name, tensor.name ?? '');
    }
  }
  graph.removeDead();
  graph.dropValueInfo();
  return writeModel(graph.model);
}
