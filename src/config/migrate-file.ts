import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.js';

/** Names of copies, the oldest first: `samwire.yaml.v1-2026-11-29T021500Z`. None where the folder can't be read. */
export function backupsOf(file: string): string[] {
  const folder = dirname(file);
  const begin = `${basename(file)}.v`;
  try {
    const names = readdirSync(folder).filter(
      (name) => name.startsWith(begin) && /^\d+-/.test(name.slice(begin.length)),
    );
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

export interface Replaced {
  readonly file: string;
  /** The file as it is, and what it is to be. */
  readonly before: string;
  readonly after: string;
  /** Of the format that `before` is in. */
  readonly version: number;
}

/**
 * Keeps a copy of a config beside it and puts the new text in its place: each is written whole or not at all, with the file's
 * own mode and owner, and is on the disk before the next step. A link stays one; what it points to is replaced.
 * @returns the copy's path, which was free.
 * @throws ConfigError when that can't be done; the file is as it was then.
 */
export function replaceConfig({ file, before, after, version }: Replaced, now = new Date()): string {
  let draft: string | undefined;
  try {
    const path = realpathSync(file);
    const like = statSync(path);
    if (!like.isFile()) throw new Error('it is no file');
    const date = now.toISOString().replace(/\.\d+/, '').replaceAll(':', '');
    const backup = writeNew(`${path}.v${version}-${date}`, before, like);
    draft = writeNew(`${path}.new`, after, like);
    renameSync(draft, path);
    draft = undefined;
    syncFolder(dirname(path));
    return backup;
  } catch (cause) {
    if (draft !== undefined) rmSync(draft, { force: true });
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `The config file ${file} could not be migrated (${why}). It is as it was. Run the command as who may write it, such as root.`,
      [],
      { cause },
    );
  }
}

/** A new file of that name, or with `-2`, `-3` … behind it where it is taken. */
function writeNew(path: string, text: string, like: Stats): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? path : `${path}-${count}`;
    let descriptor: number;
    try {
      // Nobody else may read it before it has the mode of the other: secrets' paths and broker addresses stand in it.
      descriptor = openSync(name, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    try {
      fill(descriptor, text, like);
    } catch (error) {
      rmSync(name, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
    return name;
  }
}

function fill(descriptor: number, text: string, like: Stats): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  fchownSync(descriptor, like.uid, like.gid);
  fchmodSync(descriptor, like.mode & 0o7777);
  fsyncSync(descriptor);
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
