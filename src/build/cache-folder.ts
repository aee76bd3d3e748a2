import { mkdir, mkdtemp, readdir, readlink, rm, stat, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { UnavailableError } from '../errors.js';

const WORK_PREFIX = '.building-';
/** What nobody has written to for so long is no build's any more. */
const ABANDONED_MS = 86_400_000;
/** A builder touches its folder so often, and is taken for dead when it has not for so long. */
const BEAT_MS = 10_000;
const SILENT_MS = 60_000;
const POLL_MS = 1000;

/** Engines can't be kept: the folder is missing and can't be made, read-only, somebody else's, or full. */
export class CacheError extends UnavailableError {
  readonly isFull: boolean;

  constructor(folder: string, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    const remedy = isFull
      ? 'Make room there.'
      : `Run: sudo install -d -o "$USER" ${folder} (or name another folder in model.cache of the config)`;
    super(`TensorRT engines can't be kept in ${folder} (${code}). ${remedy}`, { cause });
    this.name = 'CacheError';
    this.isFull = isFull;
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

/**
 * What a failed build says where an engine did not fit: TensorRT's own errors can't be told from a disk that was full when the
 * engine was written, but an engine is about as large as the graph that it is built from. Any other error is rethrown as it is.
 * @throws CacheError
 */
export async function unlessFull(
  cache: string,
  folder: string,
  graphPath: string,
  error: unknown,
): Promise<never> {
  const [disk, graph] = await Promise.all([statfs(folder), stat(graphPath)]).catch(() => []);
  if (disk && graph && disk.bavail * disk.bsize < graph.size)
    throw new CacheError(
      cache,
      Object.assign(new Error('the disk is full', { cause: error }), { code: 'ENOSPC' }),
    );
  throw error;
}

/** Shows others that the build in this work folder is alive, until the returned function is called. */
export function beat(workFolder: string): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    void utimes(workFolder, now, now).catch(() => undefined);
  }, BEAT_MS);
  return () => clearInterval(timer);
}

/**
 * Whether another process is building in a model's cache folder. One that was killed is none: at once where its number
 * is gone, and within a minute where it can't be asked for (another container) or is somebody else's by now.
 */
export async function isBuiltByOther(folder: string): Promise<boolean> {
  for (const { path, maybeAlive } of await workFolders(folder))
    if (maybeAlive && (await isFresh(path, SILENT_MS))) return true;
  return false;
}

export interface OthersWait {
  readonly signal: AbortSignal | undefined;
  /** Called each time that they are looked for, about once a second. */
  readonly onLook: () => void;
}

/** Resolves when no other process is building there any more, or early when `signal` says so. */
export async function othersEnd(folder: string, { signal, onLook }: OthersWait): Promise<void> {
  do {
    onLook();
    // Not in step with another that waits as well.
    const ms = POLL_MS * (0.5 + Math.random());
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  } while (!signal?.aborted && (await isBuiltByOther(folder)));
}

async function removeLeftOver(folder: string): Promise<void> {
  for (const { path, isHere, maybeAlive } of await workFolders(folder)) {
    const atWork = maybeAlive && (isHere || (await isFresh(path, ABANDONED_MS)));
    if (!atWork) await rm(path, { recursive: true, force: true });
  }
}

interface WorkFolder {
  readonly path: string;
  /** Whether its process would be seen from here. */
  readonly isHere: boolean;
  /** False: no other process that lives has made it. */
  readonly maybeAlive: boolean;
}

async function workFolders(folder: string): Promise<WorkFolder[]> {
  const here = await processSpace();
  return (await readdir(folder)).flatMap((name) => {
    const [, space, pid] = new RegExp(`^\\${WORK_PREFIX}(\\d+)-(\\d+)-`).exec(name) ?? [];
    if (space === undefined) return [];
    const isHere = space === here;
    return [{ path: join(folder, name), isHere, maybeAlive: !isHere || isOther(Number(pid)) }];
  });
}

/** Containers that share a cache count their processes each for itself: a number says who it is in one such space only. */
async function processSpace(): Promise<string> {
  return /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0] ?? '0';
}

/** This process builds one model at a time: a folder with its own number is of an earlier process of that number. */
function isOther(pid: number): boolean {
  return pid !== process.pid && isAlive(pid);
}

/** A clock that was set back (a board without a battery) makes nothing fresh. */
async function isFresh(path: string, ms: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Math.abs(Date.now() - found.mtimeMs) < ms;
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
