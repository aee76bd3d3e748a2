import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UnavailableError } from '../errors.js';
import { describeTensor, type GraphIO } from './contract.js';
import { type Look, lookOf } from './looks.js';
import { readGraph } from './read-graph.js';

/** An ONNX file of a directory, with what it takes and gives. */
export interface NetworkFile {
  readonly file: string;
  readonly graph: GraphIO;
}

/** An encoder and a decoder, perhaps with a detector beside them; or one network, called the encoder. */
export interface Networks {
  readonly encoder: NetworkFile;
  readonly decoder?: NetworkFile;
  readonly detector?: NetworkFile;
}

/**
 * Which of a directory's ONNX files is which, by what they take and give.
 * @throws UnavailableError where they are no model, with what each file looks like; ManifestError for a file that can't be
 * loaded.
 */
export async function findNetworks(dir: string): Promise<Networks> {
  const networks: NetworkFile[] = [];
  for (const file of await onnxFiles(dir)) networks.push({ file, graph: await readGraph(join(dir, file)) });
  const of = (look: Look): NetworkFile[] => networks.filter(({ graph }) => lookOf(graph) === look);
  const [encoder, ...encoders] = of('encoder');
  const [decoder, ...decoders] = of('decoder');
  const [detector, ...detectors] = of('yolo');
  const whole = networks.length === 1 ? (detector ?? of('fusion')[0]) : undefined;
  if (whole) return { encoder: whole };
  const spare = [encoders, decoders, detectors, of('fusion')].flat();
  if (encoder && decoder && spare.length === 0)
    return { encoder, decoder, ...(detector ? { detector } : {}) };
  throw wrongFiles(dir, networks);
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
    throw new UnavailableError(`Expected a directory with the ONNX files of a model; ${dir} ${why}`, {
      cause,
    });
  }
  return found
    .filter((entry) => entry.name.endsWith('.onnx') && !entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function wrongFiles(dir: string, networks: readonly NetworkFile[]): UnavailableError {
  const expected =
    `Expected the ONNX files of one model in ${dir}: an encoder (a picture in) and a decoder (point_coords in), perhaps with a ` +
    'YOLO detector; or one network of the kinds of FastSAM or SqueezeSAM';
  if (networks.length === 0) return new UnavailableError(`${expected}. Found none`);
  const found = networks.map(({ file, graph }) => `  ${file}: ${described(graph)}`);
  return new UnavailableError(
    `${expected}. Found ${networks.length}:\n${found.join('\n')}\n` +
      'Put the files of one model into a directory of their own, and what is missing beside them',
  );
}

const LOOKS: Readonly<Record<Look, string>> = {
  encoder: 'an encoder',
  decoder: 'a decoder',
  yolo: 'a YOLO detector',
  fusion: 'one network with prompts as channels',
};

function described(graph: GraphIO): string {
  return `looks like ${LOOKS[lookOf(graph)]} (${listTensors(graph.inputs)} → ${listTensors(graph.outputs)})`;
}

/** `image [1,3,1024,1024] float32, …`, for messages. */
export function listTensors(tensors: GraphIO['inputs']): string {
  return tensors.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join(', ');
}
