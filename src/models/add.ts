import { readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UnavailableError } from '../errors.js';
import { looksLikeDecoder } from './check-decoder.js';
import { checkGraph } from './check-graph.js';
import { describeTensor, type GraphIO, isFixed } from './contract.js';
import { MANIFEST_FILE, readModelDirectory } from './directory.js';
import { type Manifest, ManifestError, parseTwoGraphManifest } from './manifest.js';
import { readGraph } from './read-graph.js';
import { guessRecipe, manifestOf, RECIPE_NAMES, RECIPES, type RecipeName } from './recipes.js';
import { sha256File } from './verify.js';

export interface AddOptions {
  readonly dir: string;
  /** Default: the directory's name. */
  readonly name?: string;
  /** Default: guessed from the graphs. */
  readonly recipe?: RecipeName;
  /** Write over a manifest that is there. */
  readonly force?: boolean;
}

export interface Added {
  readonly manifestPath: string;
  readonly manifest: Manifest;
  /** What was guessed and why, and what to check; one sentence each. */
  readonly findings: readonly string[];
}

interface NetworkFile {
  readonly file: string;
  readonly graph: GraphIO;
}

/**
 * Writes a manifest.json for the ONNX files in a directory: which is the encoder and which the decoder by their
 * inputs, the rest by the family that their names and shapes point to. What it writes has passed `checkGraph`.
 * @throws UnavailableError without two ONNX files; ManifestError for a family it can't tell, for files that don't fit
 * it, or for a manifest that is there already (without `force`).
 */
export async function addModel(options: AddOptions): Promise<Added> {
  const dir = resolve(options.dir);
  const manifestPath = join(dir, MANIFEST_FILE);
  if (!options.force) await refuseOverwriting(dir, manifestPath);
  const { encoder, decoder } = await findNetworks(dir);
  const findings = [
    `${encoder.file} is the encoder (${list(encoder.graph.inputs)} → ${list(encoder.graph.outputs)}).`,
    `${decoder.file} is the decoder (${list(decoder.graph.inputs)} → ${list(decoder.graph.outputs)}).`,
  ];
  const { recipe, because } = chooseRecipe(options, encoder.graph, decoder.graph);
  findings.push(`The steps before and after the networks are those of ${recipe}: ${because}.`);
  const draft = manifestOf({
    recipe,
    name: options.name ?? basename(dir),
    size: inputSize(encoder.graph),
    encoder: await networkFile(dir, encoder),
    decoder: await networkFile(dir, decoder),
  });
  const manifest = parseTwoGraphManifest(draft, manifestPath);
  const contract = checkGraph(manifest, encoder.graph, decoder.graph);
  findings.push(
    `${contract.decoder.candidates} candidates of ${contract.decoder.grid.width}×${contract.decoder.grid.height} logits; ` +
      (contract.decoder.batch === 'free'
        ? 'any number of prompts a run.'
        : 'exported for one prompt a run, and mended for more when it is loaded, where that can be done.'),
    ...RECIPES[recipe].notes,
    `Check: licence is "unknown" until you write it; compare a mask with the authors' own for the same picture and ` +
      'prompt (`samwire segment`), for names and shapes do not show the filter, the rounding or the padding.',
  );
  await writeFile(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
  return { manifestPath, manifest, findings };
}

async function refuseOverwriting(dir: string, manifestPath: string): Promise<void> {
  const there = await readModelDirectory(dir).then(
    () => true,
    (error) => !(error instanceof UnavailableError),
  );
  if (there) throw new ManifestError(`${manifestPath} is there already; write over it with --force`);
}

async function findNetworks(dir: string): Promise<{ encoder: NetworkFile; decoder: NetworkFile }> {
  let files: string[];
  try {
    files = (await readdir(dir)).filter((file) => file.endsWith('.onnx')).sort();
  } catch (cause) {
    throw new UnavailableError(
      `Expected a directory with an encoder's and a decoder's ONNX file, can't read ${dir}`,
      {
        cause,
      },
    );
  }
  const networks: NetworkFile[] = [];
  for (const file of files) networks.push({ file, graph: await readGraph(join(dir, file)) });
  const decoders = networks.filter(({ graph }) => looksLikeDecoder(graph));
  const encoders = networks.filter(({ graph }) => !looksLikeDecoder(graph));
  const [decoder] = decoders;
  const [encoder] = encoders;
  if (encoder === undefined || decoder === undefined || networks.length !== 2) {
    throw new UnavailableError(
      `Expected two ONNX files in ${dir}, an encoder (a picture in) and a decoder (point_coords in), found ` +
        `${networks.length === 0 ? 'none' : files.join(', ')} (${encoders.length} without points, ${decoders.length} with)`,
    );
  }
  return { encoder, decoder };
}

function chooseRecipe(
  options: AddOptions,
  encoder: GraphIO,
  decoder: GraphIO,
): { recipe: RecipeName; because: string } {
  if (options.recipe !== undefined) return { recipe: options.recipe, because: 'you said so with --family' };
  const guess = guessRecipe(encoder, decoder);
  if (guess) return guess;
  const inputs = [...encoder.inputs, ...decoder.inputs];
  throw new ManifestError(
    'The names and shapes of these networks are of no family that Samwire knows. Name it with --family ' +
      `(${RECIPE_NAMES.join(', ')}), or write manifest.json by hand. Inputs: ` +
      inputs.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join('; '),
  );
}

async function networkFile(dir: string, { file }: NetworkFile): Promise<Manifest['encoder']> {
  return { file, sha256: await sha256File(join(dir, file)), precision: 'mixed' };
}

/** The encoder's input size; 1024 where the graph leaves it open, which is what all of them then use inside. */
function inputSize(encoder: GraphIO): [number, number] {
  const [, , height, width] = encoder.inputs[0]?.shape ?? [];
  return isFixed(width) && isFixed(height) ? [width, height] : [1024, 1024];
}

function list(tensors: GraphIO['inputs']): string {
  return tensors.map((tensor) => `${tensor.name} ${describeTensor(tensor)}`).join(', ');
}
