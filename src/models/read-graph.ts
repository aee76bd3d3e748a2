import '../onnx/no-telemetry.js';
import ort, { type InferenceSession } from 'onnxruntime-node';
import type { GraphIO, TensorInfo } from './contract.js';
import { loadFailure } from './load-failure.js';
import { ManifestError } from './manifest.js';
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
 * Loads an ONNX file on the CPU, unoptimised, for its inputs and outputs alone. Blocks the thread while it parses
 * (50 ms for 18 MB): for commands, not for the service.
 * @throws ManifestError for a file that is missing, cut off or no ONNX.
 */
export async function readGraph(path: string): Promise<GraphIO> {
  const { problem } = await inspectFile(path);
  if (problem !== undefined) throw new ManifestError(problem);
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
    return graphOfSession(session);
  } finally {
    await session.release();
  }
}
