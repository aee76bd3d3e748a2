import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** The repository, also for the program that is compiled into build/fuzz. */
export const ROOT = PACKAGE_ROOT.replace(/build\/fuzz\/$/, '');

/** The committed inputs of a target, by name. */
export function seedsOf(target: string): ReadonlyMap<string, Uint8Array> {
  return filesIn(join(ROOT, 'tests/fuzz/seeds', target));
}

export function filesIn(folder: string): ReadonlyMap<string, Uint8Array> {
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
}

/** Keeps an input under the hash of its bytes; returns its path. */
export function keep(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}
