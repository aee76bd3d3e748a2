/** The native targets under libFuzzer (CMake preset `fuzz`). */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './seeds.js';

/** As in native/targets.h. */
export const NATIVE_TARGETS: readonly string[] = [
  ...['rle', 'polygon', 'logits', 'image', 'depth', 'edges', 'uri', 'sample'],
];

/** Under sanitizers, which make code several times slower; libFuzzer counts whole seconds. */
const MAX_SECONDS = 2;
/** Memory of the process, sanitizers' own included, and of one allocation, MiB. */
const MAX_RSS_MB = 1024;
const MAX_ALLOCATION_MB = 256;
const MAX_BYTES = 4096;

export interface NativeTask {
  readonly target: string;
  readonly runs: number | undefined;
  readonly seconds: number | undefined;
  readonly seed: number;
  /** A file, instead of seeds and changes. */
  readonly input: string | undefined;
}

export interface NativeReport {
  readonly runs: number;
  readonly kept: number;
  readonly seconds: number;
  readonly rssMb: number;
  readonly failed: boolean;
  /** What libFuzzer wrote. */
  readonly log: string;
}

/** Builds the targets once; false where clang is not here, or does not build them. */
export function buildNative(): boolean {
  const commands = [
    ['--preset', 'fuzz'],
    ['--build', 'build/fuzz-native', '--target', 'fuzz', '--parallel', '2'],
  ];
  return commands.every((args) => spawnSync('cmake', args, { cwd: ROOT, stdio: 'inherit' }).status === 0);
}

export function runNative({ target, runs, seconds, seed, input }: NativeTask): NativeReport {
  const [corpus, findings, seeds] = ['build/fuzz/corpus', 'build/fuzz/findings', 'tests/fuzz/seeds'].map(
    (folder) => join(ROOT, folder, target),
  ) as [string, string, string];
  for (const folder of [corpus, findings]) mkdirSync(folder, { recursive: true });
  const log = join(ROOT, 'build/fuzz', `${target}.log`);
  const output = openSync(log, 'w');
  const startedMs = performance.now();
  const { status } = spawnSync(
    join(ROOT, 'build/fuzz-native/tests/fuzz/native/fuzz'),
    [
      `-seed=${Math.max(1, seed)}`,
      `-timeout=${MAX_SECONDS}`,
      `-rss_limit_mb=${MAX_RSS_MB}`,
      `-malloc_limit_mb=${MAX_ALLOCATION_MB}`,
      `-max_len=${MAX_BYTES}`,
      `-artifact_prefix=${findings}/`,
      '-print_final_stats=1',
      ...(runs === undefined ? [] : [`-runs=${runs}`]),
      ...(seconds === undefined ? [] : [`-max_total_time=${seconds}`]),
      ...(input === undefined ? [corpus, ...(existsSync(seeds) ? [seeds] : [])] : [input]),
    ],
    {
      stdio: ['ignore', output, output],
      env: {
        ...process.env,
        SAMWIRE_FUZZ_TARGET: target,
        UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
      },
    },
  );
  closeSync(output);
  const text = readFileSync(log, 'utf8');
  const stat = (name: string): number => Number(new RegExp(`stat::${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0);
  return {
    runs: stat('number_of_executed_units'),
    kept: readdirSync(corpus).length,
    seconds: (performance.now() - startedMs) / 1000,
    rssMb: stat('peak_rss_mb'),
    failed: status !== 0,
    log,
  };
}
