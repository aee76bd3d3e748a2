import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** Milliseconds of one run of something, or whatever else a bench counts. */
export interface Distribution {
  readonly count: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly min: number;
  readonly max: number;
}

export function distribution(values: readonly number[]): Distribution {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)] ?? Number.NaN, sorted[Math.ceil(place)] ?? Number.NaN];
    return low + (high - low) * (place - Math.floor(place));
  };
  return { count: sorted.length, median: at(0.5), p10: at(0.1), p90: at(0.9), min: at(0), max: at(1) };
}

/**
 * Runs every side once a round, in turns that begin with another side each round, so that what the machine does
 * besides falls on all of them alike and their ratio means something. Warm-up rounds are not kept.
 */
export async function interleave<Name extends string, Result>(
  sides: Readonly<Record<Name, () => Promise<Result>>>,
  rounds: { readonly warmUp: number; readonly kept: number },
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(sides) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = -rounds.warmUp; round < rounds.kept; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + Math.abs(round)) % names.length];
      if (name === undefined) continue;
      const result = await sides[name]();
      if (round >= 0) results[name].push(result);
    }
  }
  return results;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly onnxruntime: string;
  /** Of the checkout, with `+` when files differ from it. */
  readonly commit: string;
  /** Load average of the last minute when the bench began. */
  readonly load: number;
}

export function describeMachine(root: string): Machine {
  const ort = JSON.parse(readFileSync(`${root}/node_modules/onnxruntime-node/package.json`, 'utf8'));
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    node: process.version,
    onnxruntime: String(ort.version),
    commit: git(root, 'describe', '--always', '--dirty=+'),
    load: Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]),
  };
}

function git(root: string, ...args: string[]): string {
  try {
    return execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/** Resident memory of a process in bytes, from /proc. */
export function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`Expected VmRSS in /proc/${pid}/status`);
  return Number(kib) * 1024;
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
