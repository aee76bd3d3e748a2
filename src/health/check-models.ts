import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nearest } from '../config/nearest.js';
import type { Config } from '../config/schema.js';
import { listModels } from '../models/catalogue.js';
import { readModelDirectory } from '../models/directory.js';
import { verifyFiles } from '../models/verify.js';
import type { Check } from './check.js';
import { gigabytes } from './check-machine.js';
import { type Host, onHost } from './host.js';

/** A TensorRT engine of a SAM encoder and its build need about this much. */
const CACHE_FLOOR_BYTES = 2e9;

/** Rejects with the problem of a model directory. */
export type VerifyModel = (dir: string) => Promise<void>;

/** Manifest, files and their SHA-256. */
export async function verifyModelFiles(dir: string): Promise<void> {
  await verifyFiles(await readModelDirectory(dir));
}

/** The model that the config names, proven; the others, counted. */
export async function checkModel({ model }: Config, verify: VerifyModel): Promise<Check> {
  const entries = await listModels(model.paths);
  const entry = entries.find(({ name }) => name === model.name);
  const base = { name: 'model', of: 'configured' as const };
  if (!entry) {
    const names = entries.map(({ name }) => name);
    const guess = nearest(model.name, names);
    return {
      ...base,
      status: 'fail',
      found: `there is no model ${model.name} among ${names.join(', ') || 'none'}`,
      remedy: `${guess ? `Did you mean ${guess}? ` : ''}Run: samwire models list`,
    };
  }
  try {
    if (entry.status !== 'ready') throw new Error(entry.problem);
    await verify(entry.dir);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    return {
      ...base,
      status: 'fail',
      found: `${model.name}: ${found}`,
      remedy: `Run: samwire models verify ${model.name}`,
    };
  }
  const others = entries.filter(({ status }) => status === 'ready').length - 1;
  return { ...base, status: 'ok', found: `${model.name} in ${entry.dir}; ${others} more ready` };
}

/** Space and permission where TensorRT engines are kept; without TensorRT nothing is amiss. */
export async function checkCache({ model }: Config, host: Host, engines: boolean): Promise<Check> {
  const existing = nearestExisting(onHost(host, model.cache));
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const denied = !writable(existing);
  const found = `${model.cache}: ${gigabytes(free)} free${denied ? `, user ${host.user} may not write there` : ''}`;
  const name = 'engine cache';
  if (!denied && free >= CACHE_FLOOR_BYTES) return { name, status: 'ok', found };
  if (!engines) return { name, status: 'skipped', found: `${found}; only TensorRT engines need it` };
  const remedy = denied
    ? `Run: sudo install -d -o "$USER" ${model.cache} (the systemd service has a cache folder of its own)`
    : 'Make room there, or name another folder in model.cache.';
  return { name, status: 'warn', found, remedy, of: 'configured' };
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
