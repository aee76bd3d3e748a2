import { execFile } from 'node:child_process';
import { arch, availableParallelism, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../native/addon.js';
import type { NativeAddon } from '../native/types.js';

/** What the checks ask of the machine; tests hand in a made one. */
export interface Host {
  /** Where the file system begins: `/`, or the folder of a made tree. */
  readonly root: string;
  readonly arch: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly nodeVersion: string;
  readonly user: string;
  readonly now: () => number;
  /** A program's standard output; undefined where it is missing, fails or takes longer than 10 s. */
  readonly output: (program: string, args: readonly string[]) => Promise<string | undefined>;
  /** @throws UnavailableError with what to do. */
  readonly addon: () => NativeAddon;
}

const PROGRAM_TIMEOUT_MS = 10_000;

export function thisHost(): Host {
  return {
    root: '/',
    arch: arch(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    nodeVersion: process.versions.node,
    user: userName(),
    now: Date.now,
    output: (program, args) =>
      new Promise((resolve) => {
        execFile(program, [...args], { timeout: PROGRAM_TIMEOUT_MS }, (error, stdout) =>
          resolve(error ? undefined : stdout.trim()),
        );
      }),
    addon: loadAddon,
  };
}

/** A path of this machine as it is reached from {@link Host.root}. */
export function onHost(host: Host, path: string): string {
  return host.root === '/' ? path : join(host.root, path);
}

/** A user id without an entry in /etc/passwd (containers) has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return '$USER';
  }
}
