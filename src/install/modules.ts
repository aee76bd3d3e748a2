import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnavailableError } from '../errors.js';

/** What a package brings for its own installation only; the rest of it runs without. */
const INSTALL_ONLY: Readonly<Record<string, readonly string[]>> = {
  // Its install script fetches CUDA parts, which Samwire never wants (.npmrc).
  'onnxruntime-node': ['adm-zip', 'global-agent'],
};

/** Types are gone after compilation; some packages list theirs as needed all the same. */
const TYPES_ONLY = /^@types\/|^undici-types$/;

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** A package that the program needs to run. */
export interface RuntimeModule {
  readonly name: string;
  readonly version: string;
  /** As its package.json says; `unknown` where it says nothing. */
  readonly licence: string;
  /** From the program's root: `node_modules/a/node_modules/b`. */
  readonly path: string;
}

/**
 * What of `root`'s node_modules the program needs on this machine: dependencies of dependencies, found as Node finds
 * them, without what is for building, for types, or for another processor. Sorted by path.
 * @throws UnavailableError when one that is needed is not installed.
 */
export function runtimeModules(root: string): RuntimeModule[] {
  const found = new Map<string, RuntimeModule>();
  const visit = (folder: string): void => {
    const manifest = manifestOf(join(root, folder));
    for (const [name, needed] of dependenciesOf(manifest)) {
      const path = find(root, folder, name);
      if (path === undefined) {
        if (!needed) continue;
        throw new UnavailableError(
          `The npm package ${name}, which ${manifest.name} needs, is not in ${root}. Run: npm ci`,
        );
      }
      if (found.has(path)) continue;
      const { version = '', license = 'unknown', os, cpu } = manifestOf(join(root, path));
      if (!isFor(process.platform, os) || !isFor(process.arch, cpu)) continue;
      found.set(path, { name, version, licence: license, path });
      visit(path);
    }
  };
  visit('');
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Names, and whether it can't do without; peers and optional ones may be absent. */
function dependenciesOf(manifest: Manifest): Map<string, boolean> {
  const names = new Map<string, boolean>();
  for (const name of Object.keys({ ...manifest.peerDependencies, ...manifest.optionalDependencies }))
    names.set(name, false);
  for (const name of Object.keys(manifest.dependencies ?? {}))
    if (!(name in (manifest.optionalDependencies ?? {}))) names.set(name, true);
  const skipped = INSTALL_ONLY[manifest.name ?? ''] ?? [];
  for (const name of names.keys()) if (skipped.includes(name) || TYPES_ONLY.test(name)) names.delete(name);
  return names;
}

/** Node's own way: the nearest node_modules upwards from the one who asks. */
function find(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder === '' ? '.' : dirname(folder)) {
    const inside = folder === '.' ? '' : folder;
    const path = join(inside, 'node_modules', name);
    if (existsSync(join(root, path, 'package.json'))) return path;
    if (inside === '') return undefined;
  }
}

/** npm's own rule: a list of what it is for, or of what it is not for (`!win32`). */
function isFor(here: string, list: readonly string[] | undefined): boolean {
  if (list === undefined || list.length === 0 || list.includes('any')) return true;
  if (list.includes(`!${here}`)) return false;
  return list.includes(here) || list.every((name) => name.startsWith('!'));
}
