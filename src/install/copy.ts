import {
  chmodSync,
  constants,
  copyFileSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Leaves out a file or folder by its path below `from`. */
export type Leave = (path: string, isFolder: boolean) => boolean;

/** A folder with all above it, 0755 whatever the umask; those that exist keep their mode. */
export function makeFolder(path: string): void {
  const made = mkdirSync(path, { recursive: true });
  if (made === undefined) return;
  for (let folder = path; folder.length >= made.length; folder = dirname(folder)) chmodSync(folder, 0o755);
}

/** One file, shared with its original where the file system can; 0644, or 0755 when it is a program. */
export function copyFile(from: string, to: string, isProgram = false): void {
  makeFolder(dirname(to));
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  chmodSync(to, isProgram ? 0o755 : 0o644);
}

/** `from/path` to `to/path`, with all that is in it; links become what they name. */
export function copyTree(options: {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly leave: Leave;
  /** Paths of files that are programs. */
  readonly programs: ReadonlySet<string>;
}): void {
  const { from, to, path, leave, programs } = options;
  const isFolder = statSync(join(from, path)).isDirectory();
  if (leave(path, isFolder)) return;
  if (!isFolder) {
    copyFile(join(from, path), join(to, path), programs.has(path));
    return;
  }
  makeFolder(join(to, path));
  for (const name of readdirSync(join(from, path)).sort()) copyTree({ ...options, path: join(path, name) });
}

/** Writes a file that may be in use, so that whoever reads it sees the old or the new one. */
export function replaceFile(path: string, data: Buffer, mode: number): void {
  makeFolder(dirname(path));
  const fresh = `${path}.samwire-new`;
  writeFileSync(fresh, data);
  chmodSync(fresh, mode);
  renameSync(fresh, path);
}
