import { mkdir, mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UnavailableError } from '../errors.js';

const WORK_PREFIX = '.building-';
/** What nobody has written to for so long is no build's any more. */
const ABANDONED_MS = 86_400_000;

/** Engines can't be kept: the folder is missing and can't be made, read-only, somebody else's, or full. */
export class CacheError extends UnavailableError {
  constructor(folder: string, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const remedy =
      code === 'ENOSPC'
        ? 'Make room there.'
        : `Run: sudo install -d -o "$USER" ${folder} (or name another folder in model.cache of the config)`;
    super(`TensorRT engines can't be kept in ${folder} (${code}). ${remedy}`, { cause });
    this.name = 'CacheError';
  }
}

/**
 * A folder within a model's cache for what is not finished; whoever asked for it removes it. What an earlier process
 * left there when it was killed is removed.
 * @throws CacheError
 */
export async function makeWorkFolder(cache: string, folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    await removeLeftOver(folder);
    return await mkdtemp(join(folder, `${WORK_PREFIX}${await processSpace()}-${process.pid}-`));
  } catch (cause) {
    throw new CacheError(cache, cause);
  }
}

async function removeLeftOver(folder: string): Promise<void> {
  const here = await processSpace();
  for (const name of await readdir(folder)) {
    const [, space, pid] = new RegExp(`^\\${WORK_PREFIX}(\\d+)-(\\d+)-`).exec(name) ?? [];
    if (space === undefined) continue;
    const path = join(folder, name);
    const atWork = space === here ? isOther(Number(pid)) : await isFresh(path);
    if (!atWork) await rm(path, { recursive: true, force: true });
  }
}

/** Containers that share a cache count their processes each for itself: a number says who it is in one such space only. */
async function processSpace(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** This process builds one model at a time: a folder with its own number is of an earlier process of that number. */
function isOther(pid: number): boolean {
  return pid !== process.pid && isAlive(pid);
}

async function isFresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs < ABANDONED_MS;
}

/** Removes plans that the record does not name: of another version, GPU, precision or model file. */
export async function removeOtherPlans(folder: string, kept: readonly string[]): Promise<void> {
  for (const name of await readdir(folder))
    if (name.endsWith('.plan') && !kept.includes(name)) await rm(join(folder, name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
