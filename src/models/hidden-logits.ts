import type { EditableGraph } from '../onnx/graph.js';
import type { GraphIO } from './contract.js';
import { findIou, wantedOutputs } from './decoder-outputs.js';
import { COORDS } from './decoder-roles.js';

const FLOAT = 1;
const LOGITS = 'low_res_masks';
/** What may stand between logits and full-size masks besides the resizing itself: a crop, a clamp, a cast. */
const BETWEEN = new Set(['Identity', 'Slice', 'Clip', 'Cast']);

/** True for a decoder whose masks are of the picture's size and whose logits stay inside. */
export function hidesLogits(decoder: GraphIO): boolean {
  const names = (tensors: GraphIO['outputs']): string[] => tensors.map(({ name }) => name);
  return (
    names(decoder.inputs).some((name) => COORDS.includes(name)) &&
    findIou(names(decoder.outputs)) !== undefined &&
    wantedOutputs(decoder) === undefined
  );
}

/**
 * Gives such a decoder's logits as a further output, `low_res_masks`: they are what the first of the Resize nodes on the way
 * to its masks takes. Nothing else changes.
 * @returns what was done, in a sentence; undefined where no logits were found.
 */
export function exposeLogits(graph: EditableGraph): string | undefined {
  const iou = findIou(graph.outputs.map(({ name = '' }) => name));
  const masks = graph.outputs.flatMap(({ name = '' }) => (name === iou ? [] : [name]));
  for (const full of masks) {
    const logits = logitsOf(graph, full);
    if (logits === undefined) continue;
    graph.removeDead();
    if (graph.producer(LOGITS) === undefined) {
      const name = graph.fresh('logits/given');
      graph.setNodes([...graph.nodes, { opType: 'Identity', name, input: [logits], output: [LOGITS] }]);
    } else if (logits !== LOGITS) return undefined;
    graph.setOutputs([...graph.outputs, { name: LOGITS, type: { tensorType: { elemType: FLOAT } } }]);
    return `Its logits are an output, ${LOGITS}: ${full} is made of them at the picture's size.`;
  }
  return undefined;
}

function logitsOf(graph: EditableGraph, full: string): string | undefined {
  let found: string | undefined;
  for (let name = full; ; ) {
    const node = graph.producer(name);
    const from = node?.input?.[0];
    if (!node || !from) return found;
    if (node.opType === 'Resize') found = from;
    else if (!BETWEEN.has(node.opType ?? '')) return found;
    name = from;
  }
}
