import type { Dimension, GraphIO } from '../models/contract.js';
import { wantedOutputs } from '../models/decoder-outputs.js';
import { isFeature, ORIG_SIZES } from '../models/decoder-roles.js';
import { exposeLogits, hidesLogits } from '../models/hidden-logits.js';
import { EditableGraph } from '../onnx/graph.js';
import { readModel, writeModel } from '../onnx/model.js';
import type { ModelProto } from '../onnx/schema.js';
import { summarise } from '../onnx/summary.js';

import { ShapeMismatch } from './fact.js';
import { freePrompts, MANY } from './free-prompts.js';
import { inferFacts } from './infer.js';
import {
  declareOutputs,
  inputSizes,
  isFixed,
  type PromptInput,
  promptAxis,
  promptInputs,
  promptSymbol,
  type Size,
  Unmendable,
} from './prompt-axes.js';
import { replaceRepeats } from './repeats.js';
import type { Mended } from './types.js';

const FEW = { prompts: 3, points: 2 };
/** Slice takes its bounds as inputs from here on. */
const OLDEST_OPSET = 10;
/** EfficientSAM's decoder, the largest that was seen, has 1500; each change costs a walk through all of them. */
const MAX_NODES = 20_000;

/**
 * Makes of a SAM decoder as its authors export it one that takes all prompts of a picture in a run and that TensorRT builds:
 * outputs that Samwire does not ask for are cut, the prompts' axis becomes free, repeats become broadcasts. Nothing is taken
 * for granted that is not read from the graph, and `proveMended` (proof.ts) holds the result against the original; a graph
 * that can't be mended is given back with the reason, and serves one prompt a run.
 * @throws SamwireError `model_failed` for bytes that are no ONNX network.
 */
export function mendDecoder(bytes: Uint8Array): Mended {
  const model = readModel(bytes);
  const why = untouchable(model);
  if (why !== undefined) return { bytes, changes: [], unmended: why };
  const graph = new EditableGraph(model);
  const exposed = hidesLogits(io(graph)) ? exposeLogits(graph) : undefined;
  if (exposed !== undefined) {
    const reference = writeModel(graph.model);
    const mended = mendDecoder(reference);
    return { ...mended, changes: [exposed, ...mended.changes], reference };
  }
  const prompts = promptInputs(graph);
  if (prompts.length === 0)
    return { bytes, changes: [], unmended: 'It takes no point_coords: it is no decoder.' };
  if (!needsMending(graph, prompts)) return { bytes, changes: [] };
  if (graph.opset < OLDEST_OPSET)
    return {
      bytes,
      changes: [],
      unmended: `It is of operator set ${graph.opset}; mending needs ${OLDEST_OPSET}.`,
    };
  const cut = cutOutputs(graph);
  try {
    const changes = [...cut, ...freePrompts(graph, prompts), ...replaceRepeats(graph, prompts)];
    return changes.length === 0 ? { bytes, changes } : { bytes: declared(graph, prompts), changes };
  } catch (thrown) {
    if (!(thrown instanceof Unmendable || thrown instanceof ShapeMismatch)) throw thrown;
    return cutDecoder(bytes, `${thrown.message}.`);
  }
}

/**
 * Whether a decoder's declared inputs and outputs give a reason to look into it: room for one prompt only, outputs that are not
 * asked for, logits that are no output, or SAM 2's features, whose exporters declare any number of prompts and multiply has_mask_input with pictures all
 * the same. What TensorRT alone refuses does not show there.
 */
export function mayNeedMending({ inputs, outputs }: GraphIO): boolean {
  const fixed = (length: Dimension | undefined): boolean => typeof length === 'number' && length > 0;
  return (
    outputs.length > 2 ||
    hidesLogits({ inputs, outputs }) ||
    inputs.some(({ name }) => isFeature(name)) ||
    inputs.some(({ name, shape }) => fixed(shape?.[promptAxis(name, shape.length) ?? -1]))
  );
}

/**
 * A decoder without the outputs that Samwire does not ask for, for one prompt a run as before.
 * @param why the prompts run one by one.
 */
function cutDecoder(bytes: Uint8Array, why: string): Mended {
  const unmended = `Prompts run one by one: ${why}`;
  const graph = new EditableGraph(readModel(bytes));
  const changes = cutOutputs(graph);
  return { bytes: changes.length === 0 ? bytes : finished(graph), changes, unmended };
}

/** The file, with what two sizes show of its outputs' shapes. */
function declared(graph: EditableGraph, prompts: readonly PromptInput[]): Uint8Array {
  graph.removeDead();
  const at = (size: Size) => ({ size, facts: inferFacts(graph, inputSizes(graph, prompts, size)) });
  declareOutputs(graph, promptSymbol(graph, prompts), [at(MANY), at(FEW)]);
  return finished(graph);
}

function finished(graph: EditableGraph): Uint8Array {
  graph.removeDead();
  graph.dropValueInfo();
  return writeModel(graph.model);
}

function untouchable(model: ModelProto): string | undefined {
  if (summarise(model).external.length > 0)
    return 'Its weights are in another file; export it with them inside to have it mended.';
  if ((model.functions ?? []).length > 0)
    return 'It calls functions of its own; export it with them inlined to have it mended.';
  const count = model.graph?.node?.length ?? 0;
  if (count > MAX_NODES) return `It has ${count} nodes; decoders of up to ${MAX_NODES} are mended.`;
  return undefined;
}

function needsMending(graph: EditableGraph, prompts: readonly PromptInput[]): boolean {
  const wanted = wantedOutputs(io(graph));
  if (wanted && graph.outputs.length > 2) return true;
  if (prompts.some((prompt) => isFixed(graph, prompt))) return true;
  if (graph.inputs.some(({ name = '' }) => isFeature(name))) return true;
  return graph.nodes.some(({ opType, input }) => opType === 'Tile' && !graph.constant(input?.[1] ?? ''));
}

/** Cuts what Samwire does not ask for: full-size masks, their areas and stability, and all that only they need. */
function cutOutputs(graph: EditableGraph): string[] {
  const wanted = wantedOutputs(io(graph));
  if (!wanted) return [];
  const names = [wanted.lowRes, wanted.iou];
  const extra = graph.outputs.flatMap(({ name = '' }) => (names.includes(name) ? [] : [name]));
  if (extra.length === 0) return [];
  graph.setOutputs(graph.outputs.filter(({ name }) => names.includes(name ?? '')));
  const gone = graph.removeDead(ORIG_SIZES);
  return [
    `Cut ${extra.length === 1 ? 'the output' : 'the outputs'} ${extra.join(', ')}, which Samwire does not ask for` +
      `${gone.length > 0 ? `, and with it the input ${gone.join(', ')}` : ''}.`,
  ];
}

function io(graph: EditableGraph): GraphIO {
  const { inputs, outputs } = summarise(graph.model);
  const info = (tensors: typeof inputs) =>
    tensors.map(({ name, elemType, shape }) => ({
      name,
      type: elemType,
      shape: shape?.map((length) => length ?? '') ?? null,
    }));
  return { inputs: info(inputs), outputs: info(outputs) };
}
