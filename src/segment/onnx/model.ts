import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { SamwireError } from '../../errors.js';
import { checkGraph } from '../../models/check-graph.js';
import type { GraphIO, ModelContract, TensorInfo } from '../../models/contract.js';
import { type Manifest, ManifestError } from '../../models/manifest.js';

/** A model's two graphs in onnxruntime, held against its manifest. */
export interface OnnxModel {
  readonly manifest: Manifest;
  readonly contract: ModelContract;
  readonly encoder: InferenceSession;
  readonly decoder: InferenceSession;
}

/**
 * Loads the graphs of a model directory whose manifest has been read and whose files have been verified.
 * @throws ManifestError when a graph can't be read or does not fit the manifest.
 */
export async function loadOnnxModel(dir: string, manifest: Manifest, threads: number): Promise<OnnxModel> {
  const encoder = await createSession(dir, manifest.encoder.file, threads);
  const decoder = await createSession(dir, manifest.decoder.file, threads);
  return { manifest, contract: checkGraph(manifest, io(encoder), io(decoder)), encoder, decoder };
}

async function createSession(dir: string, file: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(join(dir, file), {
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
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(
      `${join(dir, file)} can't be loaded by onnxruntime: ${reason}. Expected a whole ONNX file whose operators onnxruntime knows; copy or export it again.`,
      [{ path: file, expected: 'an ONNX file that onnxruntime loads', got: reason }],
      { cause },
    );
  }
}

function io(session: InferenceSession): GraphIO {
  return { inputs: session.inputMetadata.map(info), outputs: session.outputMetadata.map(info) };
}

function info(value: InferenceSession.ValueMetadata): TensorInfo {
  return value.isTensor
    ? { name: value.name, type: value.type, shape: value.shape }
    : { name: value.name, type: 'not a tensor', shape: null };
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
