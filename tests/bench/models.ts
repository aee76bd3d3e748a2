import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanosamManifest, writeModelDirectory } from '../graphs/model-dir.js';
import { nanosamDecoder, nanosamEncoder } from '../graphs/nanosam-shaped.js';

/** The repository, from the sources as from what they are compiled to. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Change it with the graphs: directories made by another version are made again. */
const GRAPHS_VERSION = '1';

export interface BenchModel {
  readonly name: string;
  readonly dir: string;
}

export function samwireTiny(): BenchModel {
  return { name: 'samwire-tiny', dir: join(ROOT, 'engines', 'samwire-tiny') };
}

/** NanoSAM-shaped graphs with random weights and a free batch, written once to build/graphs (80 MB). */
export function nanosamShaped(): BenchModel {
  const name = 'nanosam-shaped';
  const dir = join(ROOT, 'build', 'graphs', name);
  const stamp = join(dir, 'graphs-version');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== GRAPHS_VERSION) {
    mkdirSync(dir, { recursive: true });
    writeModelDirectory({
      dir,
      name,
      encoder: nanosamEncoder(),
      decoder: nanosamDecoder({ batch: 'free' }),
      ...nanosamManifest(1024),
    });
    writeFileSync(stamp, GRAPHS_VERSION);
  }
  return { name, dir };
}

function findRoot(from: string): string {
  const file = join(from, 'package.json');
  if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'samwire') return from;
  const parent = dirname(from);
  if (parent === from) throw new Error("Expected to lie inside Samwire's repository");
  return findRoot(parent);
}
