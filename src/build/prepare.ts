import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SamwireError } from '../errors.js';
import { withoutOutput } from '../mend/cut-output.js';
import { mendDecoder } from '../mend/decoder.js';
import { fp32Nodes, typedGraph } from '../mend/precision.js';
import { refutation } from '../mend/proven.js';
import { PROPOSALS } from '../models/check-proposals.js';
import { readTwoGraphDirectory, type TwoGraphDirectory } from '../models/directory.js';
import { ManifestError } from '../models/manifest.js';
import { readNetwork } from '../models/network-file.js';
import { readGraph } from '../models/read-graph.js';
import { graphSummary } from '../onnx/summary.js';
import { type Precision, sha256Of } from './identity.js';
import type { PreparedGraph, Task } from './tasks.js';

/**
 * The `prepare` task: the graphs that TensorRT is handed, made from the model's own files.
 * @throws ManifestError for files that are missing or not the manifest's, and for what TensorRT can't be handed;
 *   SamwireError `model_failed` for a decoder that answers differently when it is mended.
 */
export async function prepareGraphs(task: Extract<Task, { task: 'prepare' }>): Promise<PreparedGraph[]> {
  const model = await readTwoGraphDirectory(task.modelDir);
  const prepared: PreparedGraph[] = [];
  for (const { part, precision, typed } of task.graphs) {
    const path = part === 'encoder' ? model.encoderPath : model.decoderPath;
    const { bytes: source } = await readNetwork(model, part);
    if (source === undefined) throw weightsElsewhere(path);
    const { ops } = graphSummary(source);
    const quantised = ops.QuantizeLinear !== undefined;
    if (precision === 'int8' && !quantised) throw notQuantised(path);
    // Each build begins with the graphs in FP32. Where numbers are rounded to 8 bits, another order of sums is a step apart.
    const proves = task.folder !== null && precision === 'fp32' && !quantised;
    const mended =
      part === 'decoder' ? await mendedDecoder(path, source, proves) : bareEncoder(model, source);
    const graph = prepareGraph(mended, precision, typed);
    const written = task.folder === null ? null : join(task.folder, `${part}-${precision}.onnx`);
    if (written !== null) await writeFile(written, graph.bytes);
    prepared.push({
      part,
      precision,
      sourceSha256: sha256Of(source),
      graphSha256: sha256Of(graph.bytes),
      buildPrecision: graph.buildPrecision,
      fp32Nodes: [...graph.fp32Nodes],
      io: written === null ? null : await ioOf(written),
      path: written,
    });
  }
  return prepared;
}

/** Boxes that an encoder proposes are asked of the onnx backend alone. */
function bareEncoder({ manifest }: TwoGraphDirectory, source: Uint8Array): Uint8Array {
  return manifest.proposals === undefined ? source : withoutOutput(source, PROPOSALS);
}

/** Proven before minutes are spent on engines of it. */
async function mendedDecoder(path: string, source: Uint8Array, proves: boolean): Promise<Uint8Array> {
  const { bytes, changes, reference = source } = mendDecoder(source);
  const why = proves && changes.length > 0 ? await refutation(reference, bytes) : undefined;
  if (why === undefined) return bytes;
  throw new SamwireError(
    'model_failed',
    `${path}, mended as TensorRT needs it, is not what it was: ${why} The onnx backend runs this model.`,
  );
}

type Handed = Pick<PreparedGraph, 'buildPrecision'> & {
  readonly bytes: Uint8Array;
  readonly fp32Nodes: readonly string[];
};

function prepareGraph(bytes: Uint8Array, precision: Precision, typed: boolean): Handed {
  switch (precision) {
    case 'fp32':
      // TensorRT 8.5 does not know it.
      if (!typed && graphSummary(bytes).ops.LayerNormalization !== undefined)
        return { ...fp32Nodes(bytes, 'fp32'), buildPrecision: 'fp32' };
      return { bytes, buildPrecision: 'fp32', fp32Nodes: [] };
    case 'int8':
      return { ...fp32Nodes(bytes, 'mixed'), buildPrecision: 'int8' };
    case 'fp16':
    case 'mixed':
      return typed
        ? { bytes: typedGraph(bytes, precision).bytes, buildPrecision: 'typed', fp32Nodes: [] }
        : { ...fp32Nodes(bytes, precision), buildPrecision: 'fp16' };
  }
}

function weightsElsewhere(path: string): ManifestError {
  return new ManifestError(
    `${path} keeps its weights in other files, which TensorRT engines can't be built from yet. Save it as one file ` +
      '(onnx.save with save_as_external_data=False).',
  );
}

function notQuantised(path: string): ManifestError {
  return new ManifestError(
    `${path} has no QuantizeLinear and DequantizeLinear nodes, which precision int8 is read from. Quantise it first ` +
      "(docs/tensorrt.md), or name another precision; the manifest's encoder.precision and decoder.precision may differ.",
  );
}

async function ioOf(path: string): Promise<NonNullable<PreparedGraph['io']>> {
  const { inputs, outputs } = await readGraph(path);
  const plain = (tensors: typeof inputs) =>
    tensors.map(({ name, type, shape }) => ({ name, type, shape: shape === null ? null : [...shape] }));
  return { inputs: plain(inputs), outputs: plain(outputs) };
}
