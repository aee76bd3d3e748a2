import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nearest } from '../config/nearest.js';
import { ConfigError, UnavailableError } from '../errors.js';
import { PACKAGE_ROOT } from '../native/addon.js';
import { MANIFEST_FILE, type ModelDirectory, readModelDirectory } from './directory.js';
import { knownModel, knownModels } from './systems.js';
import { inspectFile } from './verify.js';

/** The models that come with the package. */
export const BUNDLED_MODELS = join(PACKAGE_ROOT, 'engines');

/** `ready`: manifest valid, files there; `files-missing`: a recipe whose ONNX files are still to be had. */
export type ModelStatus = 'ready' | 'files-missing' | 'invalid-manifest';

export interface CatalogueEntry {
  readonly name: string;
  readonly dir: string;
  readonly status: ModelStatus;
  /** Undefined where the manifest can't be read. */
  readonly family?: string;
  readonly licence?: string;
  /** What is wrong, where the status is not `ready`. */
  readonly problem?: string;
}

/**
 * The models under each of `paths` (config `model.paths`), then the bundled ones, by name within each. A path may be a
 * model directory itself, or a directory of them; one that does not exist yet holds no models.
 */
export async function listModels(paths: readonly string[] = []): Promise<CatalogueEntry[]> {
  const entries: CatalogueEntry[] = [];
  for (const root of [...paths, BUNDLED_MODELS]) {
    for (const dir of await modelDirectories(root)) entries.push(await describe(dir));
  }
  return entries;
}

/**
 * The model of that name, or in that directory. A name is looked up in `paths` before the bundled models, so that a
 * user's own build of a bundled model is taken.
 * @throws UnavailableError for an unknown name or an empty directory, ManifestError for a faulty manifest.
 */
export async function resolveModel(
  nameOrDir: string,
  paths: readonly string[] = [],
): Promise<ModelDirectory> {
  if (nameOrDir.includes('/') || nameOrDir === '.' || nameOrDir === '..')
    return readModelDirectory(nameOrDir);
  const entries = await listModels(paths);
  const entry = entries.find((candidate) => candidate.name === nameOrDir);
  if (entry) return readModelDirectory(entry.dir);
  // A file here is meant as a directory too, and its error says so.
  if ((await exists(nameOrDir)) || (await exists(join(nameOrDir, MANIFEST_FILE))))
    return readModelDirectory(nameOrDir);
  const names = entries.map((candidate) => candidate.name);
  if (knownModel(nameOrDir))
    throw new UnavailableError(
      `${nameOrDir} is known, but not installed (${names.join(', ')} ${names.length === 1 ? 'is' : 'are'}): "samwire models info ${nameOrDir}" says how to get it. ` +
        'Installed ones are looked for in model.paths of the config, and where --model names a directory',
    );
  throw new UnavailableError(
    `Expected the name of a model (${names.join(', ')}) or a directory with a ${MANIFEST_FILE}, got "${nameOrDir}"` +
      meantModel(nameOrDir, names),
  );
}

/** `; did you mean "nanosam-resnet18"?`: the nearest name of `installed` and of the catalogue, or one that begins so. */
export function meantModel(name: string, installed: readonly string[]): string {
  const names = [...installed, ...knownModels().map((model) => model.name)];
  const meant = nearest(name, names) ?? names.find((known) => known.startsWith(name));
  return meant === undefined ? '' : `; did you mean "${meant}"?`;
}

async function modelDirectories(root: string): Promise<string[]> {
  if (await exists(join(root, MANIFEST_FILE))) return [root];
  const children = await subdirectories(root);
  const dirs: string[] = [];
  for (const child of children) {
    if (await exists(join(root, child, MANIFEST_FILE))) dirs.push(join(root, child));
  }
  return dirs;
}

async function subdirectories(root: string): Promise<string[]> {
  let found: Dirent[];
  try {
    found = await readdir(root, { withFileTypes: true });
  } catch {
    return [];
  }
  return found
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => entry.name)
    .sort();
}

async function describe(dir: string): Promise<CatalogueEntry> {
  try {
    const model = await readModelDirectory(dir);
    const { name, family, licence } = model.manifest;
    const problem = await missingFiles(model);
    const known = { name, dir: model.dir, family, licence };
    return problem === undefined
      ? { ...known, status: 'ready' }
      : { ...known, status: 'files-missing', problem };
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UnavailableError)) throw error;
    const name = dir.split('/').at(-1) ?? dir;
    return { name, dir, status: 'invalid-manifest', problem: error.message };
  }
}

async function missingFiles({ files }: ModelDirectory): Promise<string | undefined> {
  for (const { path } of files) {
    const { problem } = await inspectFile(path);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
