import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UnavailableError } from '../errors.js';
import { looksLikeDecoder } from './check-decoder.js';
import { describeTensor, type GraphIO } from './contract.js';
import { readGraph } from './read-graph.js';

/** An ONNX file of a directory, with what it takes and gives. */
export interface NetworkFile {
  readonly file: string;
  readonly graph: GraphIO;
}

export interface Networks {
  readonly encoder: NetworkFile;
  readonly decoder: NetworkFile;
}

/**
 * Which of a directory's ONNX files is the encoder and which the decoder, by what they take.
 * @throws UnavailableError where there are not just these two, with what each file looks like; ManifestError for a file
 * that can't be loaded.
 */
export async function findNetworks(dir: string): Promise<Networks> {
  const networks: NetworkFile[] = [];
  for (const file of await onnxFiles(dir)) networks.push({ file, graph: await readGraph(join(dir, file)) });
  const decoders = networks.filter(({ graph }) => looksLikeDecoder(graph));
  const encoders = networks.filter(({ graph }) => !looksLikeDecoder(graph));
  const [decoder] = decoders;
  const [encoder] = encoders;
  if (encoder === undefined || decoder === undefined || networks.length !== 2)
    throw wrongFiles(dir, networks);
  return { encoder, decoder };
}

async function onnxFiles(dir: string): Promise<string[]> {
  let found: Dirent[];
  try {
    found = await readdir(dir, { withFileTypes: true });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const why =
      code === 'ENOTDIR'
        ? 'is a file'
        : code === 'ENOENT'
          ? 'is not there'
          : `can't be read (${String(code)})`;
    throw new UnavailableError(
      `Expected a directory with an encoder's and a decoder's ONNX file; ${dir} ${why}`,
      {
        cause,
      },
    );
  }
  return found
    .filter((entry) => entry.name.endsWith('.onnx') && !entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function wrongFiles(dir: string, networks: readonly NetworkFile[]): UnavailableError {
  const expected = `Expected two ONNX files in ${dir}, an encoder (a picture in) and a decoder (point_coords in)`;
  if (networks.length === 0) return new UnavailableError(`${expected}, found none`);
  const found = networks.map(({ file, graph }) => `  ${file}: ${kindOf(graph)}`);
  return new UnavailableError(
    `${expected}, found ${networks.length}:\n${found.join('\n')}\n` +
      "Put the one model's files into a directory of their own, and what is missing beside them",
  );
}

function kindOf(graph: GraphIO): string {
  if (looksLikeDecoder(graph))
    return `a decoder (it takes ${graph.inputs.map(({ name }) => name).join(', ')})`;
  return `no decoder: ${listTensors(graph.inputs)} → ${listTensors(graph.outputs)}`;
}

/** `image [1,3,1024,1024] float32, …`, for messages. */
export function listTensors(tensors: GraphIO['inputs']): string {
  return tensors.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join(', ');
}
