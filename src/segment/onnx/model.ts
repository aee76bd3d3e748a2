import { readFile } from 'node:fs/promises';
import { InferenceSession } from 'onnxruntime-node';
import { SamwireError } from '../../errors.js';
import { mayNeedMending, mendDecoder } from '../../mend/decoder.js';
import { proveMended, QUICK } from '../../mend/proof.js';
import type { Mended } from '../../mend/types.js';
import { checkGraph } from '../../models/check-graph.js';
import { checkProposals } from '../../models/check-proposals.js';
import type { ModelContract } from '../../models/contract.js';
import type { TwoGraphDirectory } from '../../models/directory.js';
import { loadFailure } from '../../models/load-failure.js';
import type { Manifest } from '../../models/manifest.js';
import { type NetworkFile, readNetwork } from '../../models/network-file.js';
import { graphOfSession } from '../../models/read-graph.js';

/** A model's two graphs in onnxruntime, held against its manifest. */
export interface OnnxModel {
  readonly manifest: Manifest;
  readonly contract: ModelContract;
  readonly encoder: InferenceSession;
  readonly decoder: InferenceSession;
  readonly mending: Mending;
  /** The encoder's output of boxes, where the manifest has `proposals`. */
  readonly proposals?: string;
}

/** What was done to the decoder so that prompts share a run. */
export interface Mending {
  /** A sentence each; none where the file was run as it is. */
  readonly changes: readonly string[];
  /** Why the decoder still serves one prompt a run; absent where it serves all. */
  readonly unmended?: string;
}

/**
 * Loads the graphs of a model directory. A decoder that was exported for one prompt a run is
 * mended, and used so once its answers were those of the original.
 * @throws ManifestError when a graph can't be read or does not fit the manifest.
 */
export async function loadOnnxModel(directory: TwoGraphDirectory, threads: number): Promise<OnnxModel> {
  const { manifest } = directory;
  const encoder = await createSession(await readNetwork(directory, 'encoder'), threads);
  const { decoder, mending } = await loadDecoder(await readNetwork(directory, 'decoder'), threads);
  const graph = graphOfSession(encoder);
  const contract = checkGraph(manifest, graph, graphOfSession(decoder));
  const proposals = manifest.proposals && checkProposals(manifest, graph);
  return {
    manifest,
    contract,
    encoder,
    decoder,
    mending,
    ...(proposals === undefined ? {} : { proposals }),
  };
}

async function loadDecoder(
  file: NetworkFile,
  threads: number,
): Promise<{ decoder: InferenceSession; mending: Mending }> {
  const original = await createSession(file, threads);
  // What onnxruntime says of the file costs nothing; the bundled model is not even read a second time.
  const mended = mayNeedMending(graphOfSession(original)) ? await mendedFile(file) : undefined;
  const unmended = mended?.unmended === undefined ? {} : { unmended: mended.unmended };
  if (!mended || mended.changes.length === 0)
    return { decoder: original, mending: { changes: [], ...unmended } };
  const proof = await provenSession(original, mended, file.path, threads);
  if (typeof proof === 'string') return { decoder: original, mending: { changes: [], unmended: proof } };
  await original.release();
  return { decoder: proof, mending: { changes: mended.changes, ...unmended } };
}

/** onnxruntime takes files that are no good for mending, such as one whose parts refer to what only it knows. */
async function mendedFile({ path, bytes: read }: NetworkFile): Promise<Mended> {
  const bytes = read ?? (await readFile(path));
  try {
    return mendDecoder(bytes);
  } catch (thrown) {
    if (!(thrown instanceof SamwireError)) throw thrown;
    return { bytes, changes: [], unmended: thrown.message };
  }
}

/** A session of the mended decoder, or why it can't be used. */
async function provenSession(
  original: InferenceSession,
  { bytes, reference }: Mended,
  path: string,
  threads: number,
): Promise<InferenceSession | string> {
  let session: InferenceSession | undefined;
  let against = original;
  try {
    session = await createSession({ path, bytes: asBuffer(bytes) }, threads);
    if (reference) against = await createSession({ path, bytes: asBuffer(reference) }, threads);
    const proof = await proveMended(against, session, QUICK);
    if (proof.proven) return session;
    await session.release();
    return `The mended decoder is not used: ${proof.reason ?? ''}`;
  } catch (thrown) {
    await session?.release();
    return `The mended decoder is not used: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  } finally {
    if (against !== original) await against.release();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of the bytes where there are some: onnxruntime opens no file then. */
export async function createSession(
  { path, bytes }: NetworkFile,
  threads: number,
): Promise<InferenceSession> {
  const options: InferenceSession.SessionOptions = {
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
  };
  try {
    return await (bytes ? InferenceSession.create(bytes, options) : InferenceSession.create(path, options));
  } catch (cause) {
    throw await loadFailure(path, cause);
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
