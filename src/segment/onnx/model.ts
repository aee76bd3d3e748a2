import { InferenceSession } from 'onnxruntime-node';
import { SamwireError } from '../../errors.js';
import { checkGraph } from '../../models/check-graph.js';
import type { ModelContract } from '../../models/contract.js';
import type { ModelDirectory } from '../../models/directory.js';
import { type Manifest, ManifestError } from '../../models/manifest.js';
import { graphOfSession } from '../../models/read-graph.js';

/** A model's two graphs in onnxruntime, held against its manifest. */
export interface OnnxModel {
  readonly manifest: Manifest;
  readonly contract: ModelContract;
  readonly encoder: InferenceSession;
  readonly decoder: InferenceSession;
}

/**
 * Loads the graphs of a model directory whose files have been verified.
 * @throws ManifestError when a graph can't be read or does not fit the manifest.
 */
export async function loadOnnxModel(directory: ModelDirectory, threads: number): Promise<OnnxModel> {
  const { manifest } = directory;
  const encoder = await createSession(directory.encoderPath, threads);
  const decoder = await createSession(directory.decoderPath, threads);
  const contract = checkGraph(manifest, graphOfSession(encoder), graphOfSession(decoder));
  return { manifest, contract, encoder, decoder };
}

async function createSession(path: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      enableCpuMemArena: true,
      // Shapes change from run to run, where patterns save no time and cost a quarter of the memory.
      enableMemPattern: false,
      // Threads that spin between the decoder's many small operators take the cores that cameras and MQTT need:
      // off halved the decoder's latency and the CPU time on two cores (docs/performance.md).
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    const reason = (cause instanceof Error ? cause.message : String(cause)).replace(/\.$/, '');
    throw new ManifestError(
      `${path} can't be loaded by onnxruntime: ${reason}. Expected a whole ONNX file whose operators onnxruntime knows; copy or export it again.`,
      [{ path, expected: 'an ONNX file that onnxruntime loads', got: reason }],
      { cause },
    );
  }
}

/** Runs a graph. @throws SamwireError `model_failed` with onnxruntime's reason. */
export async function runGraph(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  fetches: readonly string[],
): Promise<InferenceSession.ReturnType> {
  try {
    return await session.run(feeds, [...fetches]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SamwireError('model_failed', `The model failed: ${reason}`, { cause });
  }
}
