import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UnavailableError } from '../errors.js';
import { type CheckedModel, checkGraphs } from './check-model.js';
import { type GraphIO, isFixed } from './contract.js';
import { MANIFEST_FILE, readModelDirectory } from './directory.js';
import { fitRecipe } from './fit-recipe.js';
import { guessRecipe, likelyModels } from './guess.js';
import { type InspectedFile, inspectOnnx, isQuantised, remarks } from './inspect-file.js';
import { type AnyManifest, type Manifest, ManifestError } from './manifest.js';
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
  readonly manifest: AnyManifest;
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
 * Writes a manifest.json for the ONNX files in a directory: which is the encoder, the decoder, the detector by what they
 * take and give, the rest by the family that their names and shapes point to. What it writes fits the files.
 * @throws UnavailableError without the files of one model; ManifestError for a family it can't tell, for files that
 * don't fit it, or for a manifest that is there already (without `force`).
 */
export async function addModel(options: AddOptions): Promise<Added> {
  const dir = resolve(options.dir);
  const manifestPath = join(dir, MANIFEST_FILE);
  if (!options.force) await refuseOverwriting(dir, manifestPath);
  const networks = await findNetworks(dir);
  const files = await inspectAll(dir, networks);
  const candidates =
    networks.decoder && (await countCandidates(join(dir, networks.decoder.file), networks.decoder.graph));
  const chosen = chooseRecipe(options, networks, candidates);
  const { recipe, changed } = fitRecipe(chosen.recipe, networks, candidates);
  const { model } = options.family ?? {};
  const manifest = manifestOf(
    { ...(await networkBlocks(dir, files)), ...origin(model), recipe, name: options.name ?? basename(dir) },
    manifestPath,
  );
  const checked = checkGraphs(manifest, graphsOf(networks));
  const findings = [
    ...files.map(({ role, file, graph }) => `${file} is the ${role} (${flow(graph)}).`),
    ...files.flatMap(({ file, inspected }) => remarks(file, inspected)),
    ...whichModel(files, chosen.recipe, model),
    `The steps before and after the networks are those of ${recipe.name}: ${chosen.because}.`,
    ...changed,
    ...contractFindings(checked),
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

type Role = 'encoder' | 'decoder' | 'detector';

interface LookedAtFile extends NetworkFile {
  readonly role: Role;
  readonly inspected: InspectedFile;
}

async function inspectAll(dir: string, networks: Networks): Promise<LookedAtFile[]> {
  const files: LookedAtFile[] = [];
  for (const role of ['encoder', 'decoder', 'detector'] as const) {
    const network = networks[role];
    if (network) files.push({ ...network, role, inspected: await inspectOnnx(join(dir, network.file)) });
  }
  return files;
}

function chooseRecipe(
  { family }: AddOptions,
  { encoder, decoder }: Networks,
  candidates: number | undefined,
): { recipe: Recipe; because: string } {
  if (family !== undefined) {
    const wantsOne = family.recipe.family === 'fastsam' || family.recipe.family === 'early-fusion';
    if (wantsOne === (decoder === undefined))
      return { recipe: family.recipe, because: 'you said so with --family' };
    throw new ManifestError(
      `Expected ${wantsOne ? 'one network' : 'an encoder and a decoder'} for ${family.recipe.name}, found ` +
        `${encoder.file}${decoder ? ` and ${decoder.file}` : ' alone'}`,
    );
  }
  const guess = guessRecipe({
    encoder: encoder.graph,
    ...(decoder ? { decoder: decoder.graph } : {}),
    candidates,
  });
  if (guess) return guess;
  throw new ManifestError(
    'The names and shapes of these networks are of no family that Samwire knows. Name it with --family ' +
      `(${[...recipes().keys()].join(', ')}, or a model of \`samwire models list --all\`), or write manifest.json by hand. ` +
      `Inputs: ${listTensors([...encoder.graph.inputs, ...(decoder?.graph.inputs ?? [])])}`,
  );
}

type Blocks = Pick<Parameters<typeof manifestOf>[0], 'encoder' | 'decoder' | 'detector' | 'size'>;

async function networkBlocks(dir: string, files: readonly LookedAtFile[]): Promise<Blocks> {
  const of = (role: Role): LookedAtFile | undefined => files.find((file) => file.role === role);
  const [encoder, decoder, detector] = [of('encoder'), of('decoder'), of('detector')];
  if (encoder === undefined) throw new Error('no network was found, though findNetworks said so');
  return {
    size: inputSize(encoder.graph),
    encoder: await networkBlock(dir, encoder),
    ...(decoder ? { decoder: await networkBlock(dir, decoder) } : {}),
    ...(detector
      ? {
          detector: {
            file: detector.file,
            sha256: await sha256File(join(dir, detector.file)),
            size: inputSize(detector.graph),
          },
        }
      : {}),
  };
}

async function networkBlock(dir: string, { file, inspected }: LookedAtFile): Promise<Manifest['encoder']> {
  const precision = isQuantised(inspected) ? 'int8' : 'mixed';
  return { file, sha256: await sha256File(join(dir, file)), precision };
}

function origin(model: KnownModel | undefined): { licence?: string; source?: string } {
  if (model === undefined) return {};
  const { licence, repository } = model;
  return { licence: licence.weights, ...(repository === undefined ? {} : { source: repository }) };
}

function graphsOf({ encoder, decoder, detector }: Networks): Parameters<typeof checkGraphs>[1] {
  return {
    encoder: encoder.graph,
    ...(decoder ? { decoder: decoder.graph } : {}),
    ...(detector ? { detector: detector.graph } : {}),
  };
}

/** Which model of the catalogue it is or could be, by the encoder's size and parameters. */
function whichModel(files: readonly LookedAtFile[], recipe: Recipe, named: KnownModel | undefined): string[] {
  const [encoder] = files;
  if (encoder === undefined) return [];
  const side = encoder.graph.inputs[0]?.shape?.[3];
  const size = isFixed(side) ? side : undefined;
  const { initializers, ops } = encoder.inspected;
  const found = { size, parameters: initializers.parameters, convolutions: ops.Conv ?? 0 };
  const likely = likelyModels(recipe, found).map(({ name }) => name);
  return named ? doubts(encoder.file, named, size, likely) : guessOf(encoder.file, likely);
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
      'Which model it is, names and shapes do not say; `samwire models list --all` has the known ones, for --family.',
    ];
  if (others.length === 0)
    return [
      `By its size ${file} could be ${one}; if so, --family ${one} --force writes its licence and source too.`,
    ];
  return [
    `By its size ${file} could be ${likely.join(' or ')}, which look the same from outside. Say which with --family and --force: ` +
      'they may answer differently, and licence and source come with it.',
  ];
}

function contractFindings(checked: CheckedModel): string[] {
  if (checked.kind === 'fastsam') {
    const { classes, coefficients } = checked.contract;
    return [`${classes} class${classes === 1 ? '' : 'es'}, ${coefficients} prototypes of masks.`];
  }
  const { contract } = checked;
  const { candidates, grid, batch } = 'decoder' in contract ? contract.decoder : contract;
  const one =
    checked.kind === 'two-graph'
      ? 'exported for one prompt a run, and mended for more when it is loaded, where that can be done.'
      : 'one prompt a run.';
  const logits =
    grid === null || candidates === null
      ? 'Candidates and their grid are left open in the file; a run tells them; '
      : `${candidates} candidates of ${grid.width}×${grid.height} logits; `;
  return [logits + (batch === 'free' ? 'any number of prompts a run.' : one)];
}

function licenceFinding(model: KnownModel | undefined): string {
  if (model === undefined) return 'Check: licence is "unknown" until you write it.';
  return `Its licence is ${model.licence.weights}, as ${model.repository ?? 'the catalogue'} has it.`;
}

/** The network's input size; 1024 where the graph leaves it open, which is what all of them then use. */
function inputSize(graph: GraphIO): [number, number] {
  const [, , height, width] = graph.inputs[0]?.shape ?? [];
  return isFixed(width) && isFixed(height) ? [width, height] : [1024, 1024];
}

function flow({ inputs, outputs }: GraphIO): string {
  return `${listTensors(inputs)} → ${listTensors(outputs)}`;
}
