import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { distribution } from './measure.js';
import { ROOT } from './models.js';
import { type Limit, type Row, table } from './report.js';

/** A line of a native bench or of its OpenCV counterpart. */
export interface Timing {
  readonly name: string;
  readonly medianMs: number;
}

interface Comparison {
  /** The executable of tests/bench/native. */
  readonly bench: string;
  /** Its counterpart, run by python3 with OpenCV. */
  readonly script: string;
  /** Which of the bench's cases carry a promise, and the least OpenCV time over ours. */
  readonly promised: (name: string) => boolean;
  readonly ratio: number;
}

const COMPARISONS: Readonly<Record<'image' | 'mask', Comparison>> = {
  image: {
    bench: 'image_bench',
    script: 'image_vs_opencv.py',
    promised: (name) => name === 'RGB bilinear-antialias 1920x1080 to 1024',
    ratio: 3,
  },
  mask: {
    bench: 'mask_bench',
    script: 'mask_vs_opencv.py',
    promised: (name) => name.startsWith('mask blob'),
    ratio: 3,
  },
};

export const BIN = join(ROOT, 'build/tests/tests/native');

/**
 * Our native code beside OpenCV's way on the same input, one thread each, CPU time. The two take turns, so that the
 * ratio of a round comes from neighbouring minutes; the median of the rounds counts.
 */
export function nativeCode(
  which: 'image' | 'mask',
): (quick: boolean) => Promise<{ limits: Limit[]; results: unknown }> {
  return async (quick) => {
    const comparison = COMPARISONS[which];
    build(comparison.bench);
    const scratch = join(ROOT, 'build/bench', which);
    mkdirSync(scratch, { recursive: true });
    const python = pythonWithOpenCv();
    const rounds = quick ? 1 : 3;
    const ours = new Map<string, number[]>();
    const ratios = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      const output = join(scratch, `round-${round}.jsonl`);
      for (const { name, medianMs } of runOurs(comparison, which, { scratch, output, quick }))
        push(ours, name, medianMs);
      if (python === undefined) continue;
      for (const { name, ratio } of runTheirs(python, comparison, which, { scratch, output }))
        push(ratios, name, ratio);
    }
    const rows = [...ours].map(([name, values]): Row => {
      const against = ratios.get(name);
      return {
        case: name,
        'ms (median)': distribution(values).median.toFixed(2),
        'OpenCV / ours': against ? `${distribution(against).median.toFixed(1)} ×` : '',
      };
    });
    console.log(`\n${which} code, one thread, CPU time`);
    console.log(table(rows));
    if (python === undefined)
      console.log('python3-opencv is not installed: no comparison (sudo apt-get install python3-opencv)');
    const limits = [...ratios]
      .filter(([name]) => comparison.promised(name))
      .map(
        ([name, values]): Limit => ({
          what: `${which} code, ${name}: our time as a share of OpenCV's`,
          measured: 1 / distribution(values).median,
          limit: 1 / comparison.ratio,
          unit: '',
        }),
      );
    return { limits, results: { ours: Object.fromEntries(ours), ratios: Object.fromEntries(ratios) } };
  };
}

/** Builds a bench of tests/bench/native. */
export function build(target: string): void {
  const quiet: ExecFileSyncOptions = { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] };
  execFileSync('cmake', ['--preset', 'tests'], quiet);
  execFileSync('cmake', ['--build', 'build/tests', '--target', target, '--parallel', '2'], quiet);
}

function pythonWithOpenCv(): string | undefined {
  // /usr/bin first: Debian's python3-opencv belongs to Debian's own Python.
  return ['/usr/bin/python3', 'python3'].find(
    (python) => spawnSync(python, ['-c', 'import cv2, numpy']).status === 0,
  );
}

interface Round {
  readonly scratch: string;
  readonly output: string;
  readonly quick?: boolean;
}

function runOurs(
  { bench }: Comparison,
  which: 'image' | 'mask',
  { scratch, output, quick }: Round,
): Timing[] {
  const seconds = quick ? '0.1' : '0.3';
  const text = execFileSync(join(BIN, bench), which === 'mask' ? [seconds, '', scratch] : [seconds], {
    encoding: 'utf8',
  });
  writeFileSync(output, text);
  return lines<Timing>(text);
}

function runTheirs(
  python: string,
  { script }: Comparison,
  which: 'image' | 'mask',
  { scratch, output }: Round,
): { name: string; ratio: number }[] {
  const args = which === 'mask' ? [scratch, output] : [output];
  const text = execFileSync(python, [join(ROOT, 'tests/bench', script), ...args], { encoding: 'utf8' });
  return lines<{ name: string; ratio?: number }>(text).flatMap(({ name, ratio }) =>
    ratio === undefined ? [] : [{ name, ratio }],
  );
}

/** The lines of JSON among a bench's output. */
export function lines<T>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as T);
}

function push(map: Map<string, number[]>, name: string, value: number): void {
  const values = map.get(name);
  if (values) values.push(value);
  else map.set(name, [value]);
}
