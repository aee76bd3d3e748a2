import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UnavailableError } from '../errors.js';
import { checkGraph } from './check-graph.js';
import { type GraphIO, isFixed } from './contract.js';
import { MANIFEST_FILE, readModelDirectory } from './directory.js';
import { guessRecipe, likelyModels } from './guess.js';
import { type InspectedFile, inspectOnnx, isQuantised, remarks } from './inspect-file.js';
import { type Manifest, ManifestError, parseTwoGraphManifest } from './manifest.js';
import { findNetworks, listTensors, type NetworkFile, type Networks } from './networks.js';
import { countCandidates } from './probe.js';
import { manifestOf, type Recipe, recipes } from './recipes.js';
import { type KnownModel, knownModel } from './systems.js';
import { sha256File } from './verify.js';

export interface AddOptions {
  readonly dir: string;
  /** Default: the directory's name. */
  readonly name?: string;
  /** Default: guessed from the graphs. */
  readonly family?: NamedFamily;
  /** Write over a manifest that is there. */
  readonly force?: boolean;
}

/** What `--family` names: a model of the catalogue, or a recipe by itself. */
export interface NamedFamily {
  readonly recipe: Recipe;
  readonly model?: KnownModel;
}

export interface Added {
  readonly manifestPath: string;
  readonly manifest: Manifest;
  /** What was guessed and why, and what to check; one sentence each. */
  readonly findings: readonly string[];
}

/** The model of the catalogue of that name, else the recipe; undefined for neither, and for what is refused. */
export function familyNamed(name: string): NamedFamily | undefined {
  const model = knownModel(name);
  const recipe = recipes().get(model?.recipe ?? name);
  return recipe && { recipe, ...(model ? { model } : {}) };
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
  const networks = await findNetworks(dir);
  const { encoder, decoder } = networks;
  const inspected = {
    encoder: await inspectOnnx(join(dir, encoder.file)),
    decoder: await inspectOnnx(join(dir, decoder.file)),
  };
  const candidates = await countCandidates(join(dir, decoder.file), decoder.graph);
  const chosen = chooseRecipe(options, networks, candidates);
  const { model } = options.family ?? {};
  const { recipe, changed } = fitCandidates(chosen.recipe, candidates);
  const draft = manifestOf({
    recipe,
    name: options.name ?? basename(dir),
    size: inputSize(encoder.graph),
    encoder: await networkFile(dir, encoder, inspected.encoder),
    decoder: await networkFile(dir, decoder, inspected.decoder),
    ...(model
      ? { licence: model.licence.weights, ...(model.repository ? { source: model.repository } : {}) }
      : {}),
  });
  const manifest = parseTwoGraphManifest(draft, manifestPath);
  const findings = [
    `${encoder.file} is the encoder (${listTensors(encoder.graph.inputs)} → ${listTensors(encoder.graph.outputs)}).`,
    `${decoder.file} is the decoder (${listTensors(decoder.graph.inputs)} → ${listTensors(decoder.graph.outputs)}).`,
    ...remarks(encoder.file, inspected.encoder),
    ...remarks(decoder.file, inspected.decoder),
    ...whichModel(encoder, inspected.encoder, chosen.recipe, model),
    `The steps before and after the networks are those of ${recipe.name}: ${chosen.because}.`,
    ...changed,
    candidatesFinding(manifest, networks),
    ...recipe.notes,
    licenceFinding(model),
    "Check: compare a mask with the authors' own for the same picture and prompt (`samwire segment`), for names and " +
      'shapes do not show the filter, the rounding or the padding.',
  ];
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

function chooseRecipe(
  options: AddOptions,
  { encoder, decoder }: Networks,
  candidates: number | undefined,
): { recipe: Recipe; because: string } {
  if (options.family !== undefined)
    return { recipe: options.family.recipe, because: 'you said so with --family' };
  const guess = guessRecipe({ encoder: encoder.graph, decoder: decoder.graph, candidates });
  if (guess) return guess;
  throw new ManifestError(
    'The names and shapes of these networks are of no family that Samwire knows. Name it with --family ' +
      `(${[...recipes().keys()].join(', ')}, or a model of \`samwire models list --all\`), or write manifest.json by hand. ` +
      `Inputs: ${listTensors([...encoder.graph.inputs, ...decoder.graph.inputs])}`,
  );
}

/** Exporters can leave candidates out: one mask a prompt, or the three of multimask. Then the recipe's indices move. */
function fitCandidates(
  recipe: Recipe,
  count: number | undefined,
): { recipe: Recipe; changed: readonly string[] } {
  const { single, multi } = recipe.mask;
  const needed = Math.max(...multi, typeof single === 'number' ? single : 0) + 1;
  if (count === undefined || count >= needed) return { recipe, changed: [] };
  const mask: Recipe['mask'] = {
    ...recipe.mask,
    single: count === 1 ? 0 : 'best-score',
    multi: [...Array(count).keys()],
  };
  return {
    recipe: { ...recipe, mask },
    changed: [
      count === 1
        ? 'The decoder gives one mask a prompt (it was exported with a single mask): mask.single is 0 and "multimask" brings no others.'
        : `The decoder gives ${count} candidates where ${recipe.name} has ${needed}: mask.single is "best-score" of all of them.`,
    ],
  };
}

function whichModel(
  { file, graph }: NetworkFile,
  inspected: InspectedFile,
  recipe: Recipe,
  named: KnownModel | undefined,
): string[] {
  const side = graph.inputs[0]?.shape?.[3];
  const size = isFixed(side) ? side : undefined;
  const likely = likelyModels(recipe, size, inspected.initializers.parameters).map(({ name }) => name);
  return named ? doubts(file, named, size, likely) : guessOf(file, likely);
}

/** What speaks against the model that a person named. */
function doubts(
  file: string,
  named: KnownModel,
  size: number | undefined,
  likely: readonly string[],
): string[] {
  const wrongSize = named.size !== undefined && size !== undefined && named.size !== size;
  if (wrongSize)
    return [`${file} sees ${size} pixels where ${named.name} sees ${named.size}: is it that model?`];
  if (named.encoderParameters === undefined || likely.includes(named.name)) return [];
  return [
    `${file} has other than the ${named.encoderParameters} M parameters of ${named.name}` +
      (likely.length === 0 ? ': is it that model?' : `; by its size it could be ${likely.join(' or ')}.`),
  ];
}

function guessOf(file: string, likely: readonly string[]): string[] {
  const [one, ...others] = likely;
  if (one === undefined)
    return [
      `Which model it is, names and shapes do not say; \`samwire models list --all\` has the known ones.`,
    ];
  if (others.length === 0)
    return [
      `By its size ${file} could be ${one}; if so, \`samwire models add DIR --family ${one} --force\` writes licence and source too.`,
    ];
  return [
    `By its size ${file} could be ${likely.join(' or ')}, which look the same from outside. Say which with --family and --force: ` +
      'they may answer differently, and the licence and source come with it.',
  ];
}

function candidatesFinding(manifest: Manifest, { encoder, decoder }: Networks): string {
  const contract = checkGraph(manifest, encoder.graph, decoder.graph).decoder;
  return (
    `${contract.candidates} candidates of ${contract.grid.width}×${contract.grid.height} logits; ` +
    (contract.batch === 'free'
      ? 'any number of prompts a run.'
      : 'exported for one prompt a run, and mended for more when it is loaded, where that can be done.')
  );
}

function licenceFinding(model: KnownModel | undefined): string {
  if (model === undefined) return 'Check: licence is "unknown" until you write it.';
  return `Its licence is ${model.licence.weights}, as ${model.repository ?? 'the catalogue'} has it.`;
}

async function networkFile(
  dir: string,
  { file }: NetworkFile,
  inspected: InspectedFile,
): Promise<Manifest['encoder']> {
  const precision = isQuantised(inspected) ? 'int8' : 'mixed';
  return { file, sha256: await sha256File(join(dir, file)), precision };
}

/** The encoder's input size; 1024 where the graph leaves it open, which is what all of them then use inside. */
function inputSize(encoder: GraphIO): [number, number] {
  const [, , height, width] = encoder.inputs[0]?.shape ?? [];
  return isFixed(width) && isFixed(height) ? [width, height] : [1024, 1024];
}
