import '../onnx/no-telemetry.js';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import ort, { type InferenceSession } from 'onnxruntime-node';
import { EditableGraph } from '../onnx/graph.js';
import { readModel } from '../onnx/model.js';
import type { GraphIO, TensorInfo } from './contract.js';
import { exposeLogits, hidesLogits } from './hidden-logits.js';
import { loadFailure } from './load-failure.js';
import { ManifestError } from './manifest.js';
import { weightFiles } from './network-file.js';
import { inspectFile } from './verify.js';

type Metadata = InferenceSession['inputMetadata'];

/** What onnxruntime says about a loaded session, as `checkGraph` takes it. */
export function graphOfSession(session: Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>): GraphIO {
  return { inputs: tensors(session.inputMetadata), outputs: tensors(session.outputMetadata) };
}

function tensors(metadata: Metadata): TensorInfo[] {
  return metadata.map((value) =>
    value.isTensor
      ? // onnxruntime gives an undeclared shape as an empty one; no tensor of these graphs is a scalar.
        { name: value.name, type: value.type, shape: value.shape.length === 0 ? null : value.shape }
      : { name: value.name, type: 'sequence or map', shape: null },
  );
}

/**
 * Loads an ONNX file on the CPU, unoptimised, for its inputs and outputs alone, logits that a decoder hides and is mended to
 * give (`hidden-logits.ts`) being among them. Blocks the thread while it parses (50 ms for 18 MB): for commands, not for
 * the service.
 * @throws ManifestError for a file that is missing, cut off or no ONNX.
 */
export async function readGraph(path: string): Promise<GraphIO> {
  const { problem } = await inspectFile(path);
  if (problem !== undefined) throw new ManifestError(problem);
  await weightFiles(dirname(path), path, await readFile(path));
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw await loadFailure(path, cause);
  }
  try {
    const graph = graphOfSession(session);
    return hidesLogits(graph) ? await withLogits(path, graph) : graph;
  } finally {
    await session.release();
  }
}

async function withLogits(path: string, graph: GraphIO): Promise<GraphIO> {
  const editable = new EditableGraph(readModel(await readFile(path)));
  const before = graph.outputs.map(({ name }) => name);
  if (exposeLogits(editable) === undefined) return graph;
  const added = editable.outputs.flatMap(({ name = '' }) => (before.includes(name) ? [] : [name]));
  const outputs = added.map((name) => ({ name, type: 'float32', shape: null }));
  return { ...graph, outputs: [...graph.outputs, ...outputs] };
}
