import { readFile } from 'node:fs/promises';
import { loadConfig } from '../config/load.js';
import { nearest } from '../config/nearest.js';
import { ConfigError, SamwireError, UnavailableError } from '../errors.js';
import { type AddOptions, addModel, familyNamed } from '../models/add.js';
import { type CatalogueEntry, listModels, resolveModel } from '../models/catalogue.js';
import { type CheckedModel, checkModel } from '../models/check-model.js';
import { describeTensor, type ModelContract } from '../models/contract.js';
import type { FileRole, ModelDirectory } from '../models/directory.js';
import { recipes } from '../models/recipes.js';
import { knownModel, knownModels } from '../models/systems.js';
import { checkFiles, type FileCheck } from '../models/verify.js';
import { graphSummary } from '../onnx/summary.js';
import { EXIT } from './exit.js';
import { trialRun } from './model-trial.js';
import type { ModelsCommand } from './models-command.js';
import { knownEntries, knownTable, modelsInfo } from './models-known.js';
import { table } from './table.js';

export interface ModelsFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export interface ListFlags extends ModelsFlags {
  readonly all?: boolean;
}

export interface AddFlags {
  readonly name?: string;
  readonly family?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `samwire models list`, as the command line gives it. */
export async function listModelsCommand(flags: ListFlags): Promise<number> {
  return modelsList({ ...commandOf(flags), all: flags.all ?? false });
}

/** `samwire models verify [NAME]`, as the command line gives it. */
export async function verifyModelsCommand(name: string | undefined, flags: ModelsFlags): Promise<number> {
  const { paths, cache, maxPrompts } = loadConfig(flags.config).config.model;
  return modelsVerify({
    paths,
    json: flags.json ?? false,
    write: writeLine,
    ...(name === undefined ? {} : { name }),
    trial: (model) => trialRun(model, { cache, maxPrompts }),
  });
}

/** `samwire models info NAME`, as the command line gives it. */
export async function infoCommand(name: string, flags: ModelsFlags): Promise<number> {
  return modelsInfo(name, commandOf(flags));
}

/** `samwire models add DIR`, as the command line gives it. */
export async function addModelCommand(dir: string, flags: AddFlags): Promise<number> {
  const family = flags.family === undefined ? undefined : familyNamed(flags.family);
  if (flags.family !== undefined && family === undefined) {
    process.stderr.write(`samwire: ${unknownFamily(flags.family)}\n`);
    return EXIT.usage;
  }
  return modelsAdd(
    {
      dir,
      force: flags.force ?? false,
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(family === undefined ? {} : { family }),
    },
    { json: flags.json ?? false, write: writeLine },
  );
}

function unknownFamily(name: string): string {
  const refused = knownModel(name)?.refused;
  if (refused !== undefined) return `${name} is known and refused: ${refused}`;
  const known = [...recipes().keys(), ...knownModels().map((model) => model.name)];
  const guess = nearest(name, known);
  return (
    `expected --family to be a model of "samwire models list --all" or one of ${[...recipes().keys()].join(', ')}, ` +
    `got "${name}"${guess === undefined ? '' : `; did you mean "${guess}"?`}`
  );
}

function commandOf(flags: ModelsFlags): ModelsCommand {
  const { config } = loadConfig(flags.config);
  return { paths: config.model.paths, json: flags.json ?? false, write: writeLine };
}

function writeLine(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** How large a graph is, and who wrote it how. */
export interface GraphSize {
  readonly role: FileRole;
  readonly parameters: number;
  readonly opset: number;
  readonly producer: string;
}

export interface ModelVerification {
  readonly name: string;
  readonly dir: string;
  readonly files: readonly FileCheck[];
  readonly graphs?: readonly GraphSize[];
  /** What the graphs are, where they fit the manifest. */
  readonly contract?: CheckedModel['contract'];
  /** Its kind, in a sentence. */
  readonly description?: string;
  /** What the trial run said, where there was one. */
  readonly trial?: string;
  /** Empty when the model is sound. */
  readonly problems: readonly string[];
}

export interface VerifyCommand extends ModelsCommand {
  /** Default: every model. */
  readonly name?: string;
  /** Loads the model and runs one picture and prompt through it; resolves to what to say about it. */
  readonly trial?: (model: ModelDirectory, checked: CheckedModel) => Promise<string>;
}

export interface ListCommand extends ModelsCommand {
  /** The models of the catalogue as well, with those that are not installed. */
  readonly all?: boolean;
}

/** `samwire models list`. Resolves to the exit code. */
export async function modelsList({ paths, json, all = false, write }: ListCommand): Promise<number> {
  const entries = await listModels(paths);
  const known = knownEntries(entries);
  if (json) {
    write(
      JSON.stringify(all ? [...entries, ...known.filter(({ status }) => status !== 'installed')] : entries),
    );
    return 0;
  }
  const rows = entries.map((entry) => [
    entry.name,
    entry.family ?? '?',
    entry.licence ?? '?',
    entry.status,
    entry.dir,
  ]);
  for (const line of table([['NAME', 'FAMILY', 'LICENCE', 'STATUS', 'DIRECTORY'], ...rows])) write(line);
  for (const { name, problem } of entries) {
    if (problem !== undefined) write(`\n${name}: ${problem}`);
  }
  const others = known.filter(({ status }) => status === 'not-installed').length;
  write(all ? '' : `\n${others} more are known and not installed: samwire models list --all`);
  if (all)
    for (const line of [...knownTable(known), '', 'How to get one: samwire models info NAME']) write(line);
  return 0;
}

/**
 * `samwire models verify [NAME]`: SHA-256 of the files, manifest against ONNX, and the trial run. Without a name,
 * recipes whose files are not there are skipped, since nobody has asked for them. Resolves to 0, or 1 when a model is
 * unsound.
 */
export async function modelsVerify(command: VerifyCommand): Promise<number> {
  const verified: ModelVerification[] = [];
  const skipped: CatalogueEntry[] = [];
  if (command.name !== undefined) {
    verified.push(await verifyModel(await resolveModel(command.name, command.paths), command.trial));
  } else {
    for (const entry of await listModels(command.paths)) {
      if (entry.status === 'files-missing') skipped.push(entry);
      else verified.push(await verifyEntry(entry, command.trial));
    }
  }
  if (command.json) command.write(JSON.stringify(verified));
  else for (const line of [...verified.flatMap(report), ...skipped.map(skipLine)]) command.write(line);
  return verified.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

/** `samwire models add DIR`. Resolves to the exit code. */
export async function modelsAdd(
  options: AddOptions,
  { json, write }: Omit<ModelsCommand, 'paths'>,
): Promise<number> {
  const added = await addModel(options);
  if (json) {
    write(JSON.stringify(added));
    return 0;
  }
  write(`Wrote ${added.manifestPath} for model ${added.manifest.name}.`);
  for (const finding of added.findings) write(`  - ${finding}`);
  return 0;
}

async function verifyEntry(entry: CatalogueEntry, trial: VerifyCommand['trial']): Promise<ModelVerification> {
  const { name, dir, problem } = entry;
  if (problem !== undefined) return { name, dir, files: [], problems: [problem] };
  return verifyModel(await resolveModel(`${dir}/`, []), trial);
}

/** Everything that can be known about one model: its files, then its graphs, then a trial run. */
export async function verifyModel(
  model: ModelDirectory,
  trial: VerifyCommand['trial'],
): Promise<ModelVerification> {
  const files = await checkFiles(model);
  const found = { name: model.manifest.name, dir: model.dir, files };
  const bad = files.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (bad.length > 0) return { ...found, problems: bad };
  try {
    const checked = await checkModel(model);
    const graphs: GraphSize[] = [];
    for (const { role, path } of model.files) graphs.push(await graphSize(role, path));
    const description = describeModel(model, checked);
    const sound = { ...found, graphs, contract: checked.contract, description, problems: [] };
    return trial === undefined ? sound : { ...sound, trial: await trial(model, checked) };
  } catch (error) {
    const told =
      error instanceof ConfigError || error instanceof UnavailableError || error instanceof SamwireError;
    if (!told) throw error;
    return { ...found, problems: [error.message] };
  }
}

/** `, 4.4 M parameters, opset 16, pytorch 1.13.1`. */
function sizeText({ graphs }: ModelVerification, role: GraphSize['role']): string {
  const graph = graphs?.find((candidate) => candidate.role === role);
  if (graph === undefined) return '';
  const made = graph.producer === '' ? '' : `, made by ${graph.producer}`;
  return `, ${(graph.parameters / 1e6).toFixed(1)} M parameters, opset ${graph.opset}${made}`;
}

async function graphSize(role: GraphSize['role'], path: string): Promise<GraphSize> {
  const { initializers, opset, producer } = graphSummary(await readFile(path));
  return { role, parameters: initializers.parameters, opset, producer };
}

function report(model: ModelVerification): string[] {
  const sound = model.problems.length === 0;
  const lines = [`${sound ? 'ok    ' : 'FAILED'} ${model.name} (${model.dir})`];
  for (const file of model.files) {
    if (file.problem === undefined)
      lines.push(
        `       ${file.role}: ${file.sizeBytes} bytes, SHA-256 as named${sizeText(model, file.role)}`,
      );
  }
  if (model.description !== undefined) lines.push(`       ${model.description}`);
  if (model.trial !== undefined) lines.push(`       ${model.trial}`);
  for (const problem of model.problems) lines.push(`       ${problem}`);
  return lines;
}

function describeModel({ manifest }: ModelDirectory, checked: CheckedModel): string {
  const [width, height] = manifest.image.size;
  switch (checked.kind) {
    case 'two-graph': {
      const { detector } = checked;
      const boxes = detector === undefined ? '' : `; a detector of ${detector.classes} classes`;
      return `${describeContract(checked.contract)}${boxes}`;
    }
    case 'fastsam': {
      const { input, classes, coefficients } = checked.contract;
      return (
        `${input} [1,3,${height},${width}] → boxes of ${classes} classes with ${coefficients} mask coefficients; ` +
        'finds everything first, prompts select, no mask input'
      );
    }
    case 'early-fusion': {
      const { inputs, candidates, grid, batch } = checked.contract;
      const names = [inputs.image, ...(inputs.prompt === undefined ? [] : [inputs.prompt])].join(' and ');
      const size = grid === null ? 'a grid that the run tells' : `${grid.height}×${grid.width}`;
      return (
        `${names} [${height},${width}] → ${candidates ?? 'some'} candidates of ${size}; ` +
        `${batch === 'free' ? 'several prompts a run' : 'one prompt a run'}, no mask input`
      );
    }
  }
}

function describeContract({ encoder, decoder }: ModelContract): string {
  const size = encoder.size ? [1, 3, encoder.size.height, encoder.size.width] : [1, 3, 'H', 'W'];
  const picture = describeTensor({ type: 'float32', shape: size });
  const prompts =
    decoder.batch === 'free'
      ? 'any number of prompts a run'
      : 'exported for one prompt a run (mended when loaded)';
  const masks = decoder.inputs.maskInput === undefined ? 'no mask input' : 'mask input';
  return (
    `${encoder.input} ${picture} → embedding [${encoder.embedding.join(',')}] → ` +
    `${decoder.candidates} candidates of ${decoder.grid.height}×${decoder.grid.width}; ${prompts}, ` +
    `at most ${decoder.maxPoints} points each, ${masks}`
  );
}

function skipLine({ name, problem }: CatalogueEntry): string {
  return `skip   ${name}: ${problem ?? 'its files are missing'}`;
}
