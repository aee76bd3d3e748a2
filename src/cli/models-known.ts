import { UnavailableError } from '../errors.js';
import { type CatalogueEntry, listModels, meantModel } from '../models/catalogue.js';
import { recipes } from '../models/recipes.js';
import { commandsOrigin, type KnownModel, knownModel, knownModels, verifiedHow } from '../models/systems.js';
import type { ModelsCommand } from './models-command.js';
import { table } from './table.js';

/** A model of the catalogue as `models list --all --json` and `models info --json` give it. */
export interface KnownEntry extends KnownModel {
  /** `refused`: Samwire does not run it, `refused` says why. */
  readonly status: 'not-installed' | 'installed' | 'refused';
  /** Where it is installed. */
  readonly dir?: string;
}

/** The catalogue, with what of it is installed: a model of that name among those that are found. */
export function knownEntries(found: readonly CatalogueEntry[]): KnownEntry[] {
  return knownModels().map((model) => entryOf(model, found));
}

function entryOf(model: KnownModel, found: readonly CatalogueEntry[]): KnownEntry {
  if (model.refused !== undefined) return { ...model, status: 'refused' };
  const installed = found.find(({ name }) => name === model.name);
  return installed
    ? { ...model, status: 'installed', dir: installed.dir }
    : { ...model, status: 'not-installed' };
}

/** The second table of `models list --all`. */
export function knownTable(entries: readonly KnownEntry[]): string[] {
  const rows = entries
    .filter(({ status }) => status !== 'installed')
    .map(({ name, system, licence, status }) => [name, system, licence.weights, status]);
  return table([['NAME', 'SYSTEM', 'LICENCE', 'STATUS'], ...rows]);
}

/**
 * `samwire models info NAME`: what is known of a model of the catalogue, and the commands that make its ONNX files.
 * @throws UnavailableError for a name that is neither in the catalogue nor installed.
 */
export async function modelsInfo(name: string, { paths, json, write }: ModelsCommand): Promise<number> {
  const found = await listModels(paths);
  const model = knownModel(name);
  const installed = found.find((entry) => entry.name === name);
  if (model === undefined && installed === undefined) {
    const meant = meantModel(
      name,
      found.map((entry) => entry.name),
    );
    throw new UnavailableError(
      `Expected the name of a model (\`samwire models list --all\` shows them), got "${name}"${meant}`,
    );
  }
  const entry = model && entryOf(model, found);
  if (json) write(JSON.stringify(entry ?? installed));
  else for (const line of entry ? describeKnown(entry) : describeInstalled(installed)) write(line);
  return 0;
}

function describeInstalled(entry: CatalogueEntry | undefined): string[] {
  if (entry === undefined) return [];
  const { name, dir, status, family = '?', licence = '?', problem } = entry;
  return [
    `${name}: a model of your own, not of the catalogue`,
    ...facts([
      ['directory', `${dir} (${status})`],
      ['family', family],
      ['licence', licence],
      ['problem', problem],
    ]),
  ];
}

function describeKnown(entry: KnownEntry): string[] {
  const { name, system, notes, refused } = entry;
  const lines = [`${name}: ${system}`, ...facts(knownFacts(entry))];
  if (refused !== undefined) return [...lines, `Not for Samwire: ${refused}.`, ...bullets(notes)];
  return [
    ...lines,
    ...(entry.convert.length === 0 ? [] : conversion(entry)),
    ...bullets([...notes, ...recipeNotes(entry)]),
  ];
}

function knownFacts(entry: KnownEntry): [string, string | undefined][] {
  const { paper, repository, commit, licence, weights, codePublic, size, dir, recipe } = entry;
  const { decoder, prompts } = recipes().get(recipe ?? '') ?? {};
  return [
    ['paper', paper === undefined ? undefined : `https://arxiv.org/abs/${paper}`],
    ['repository', codePublic ? repository : 'no code is public: the contract is from the paper'],
    ['read at', commit],
    [
      'licence',
      licence.code === undefined ? licence.weights : `weights: ${licence.weights}; code: ${licence.code}`,
    ],
    ['weights', weights.length === 0 ? undefined : weights.join('\n')],
    ['installed', dir ?? 'no'],
    ['input', size === undefined ? undefined : `${size}×${size}`],
    ['decoder', decoder],
    ['prompts', prompts],
    ['verified', verifiedHow(entry).join('\n') || undefined],
  ];
}

function conversion(entry: KnownEntry): string[] {
  const add = `samwire models add DIR --family ${entry.name}`;
  return [
    "To install it (DIR is the absolute path of the model's own directory):",
    ...[...entry.convert, add].map((line) => `  ${line}`),
    `- ${commandsOrigin(entry)}`,
  ];
}

function recipeNotes({ recipe }: KnownEntry): readonly string[] {
  return recipes().get(recipe ?? '')?.notes ?? [];
}

function bullets(notes: readonly string[]): string[] {
  return notes.map((note) => `- ${note}`);
}

/** `  licence     Apache-2.0`; further lines of a value stand under it. */
function facts(pairs: readonly (readonly [string, string | undefined])[]): string[] {
  const rows = pairs.flatMap(([key, value]) =>
    value === undefined ? [] : value.split('\n').map((line, i) => [`  ${i === 0 ? key : ''}`, line] as const),
  );
  return table(rows);
}
