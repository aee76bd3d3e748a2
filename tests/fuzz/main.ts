/** `npm run fuzz [-- TARGET …] [--runs N | --seconds S] [--seed N] [--input FILE]`, docs/fuzzing.md. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildNative, NATIVE_TARGETS, runNative } from './native.js';
import { runTarget } from './run-target.js';
import { keep, ROOT } from './seeds.js';
import { TARGETS } from './targets.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    input: { type: 'string' },
  },
});
const known = [...TARGETS.map(({ name }) => name), ...NATIVE_TARGETS];
const names = positionals.length > 0 ? positionals : known;
const unknown = names.filter((name) => !known.includes(name));
const [runs, seconds, seed] = [values.runs, values.seconds, values.seed].map((text) =>
  text === undefined ? undefined : Number(text),
);
const numbers = [runs, seconds, seed].every((value) => value === undefined || value >= 0);
if (unknown.length > 0 || !numbers || (values.input !== undefined && names.length !== 1)) {
  console.error(`Expected some of ${known.join(', ')}, and numbers; --input FILE goes with one of them.`);
  process.exit(2);
}
interface Row {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly kept: number;
  readonly findings: 0 | 1;
  readonly [more: string]: string | number;
}

const DEFAULT_RUNS = 1_000_000;

function native(target: string): Row {
  const asked = runs ?? (seconds === undefined ? DEFAULT_RUNS : undefined);
  const report = runNative({ target, runs: asked, seconds, seed: seed ?? 1, input: values.input });
  if (report.failed) {
    console.log(`\n${readFileSync(report.log, 'utf8').split('\n').slice(-60).join('\n')}`);
    console.log(
      `\n${target}: the whole of it is in ${relative(ROOT, report.log)}. Again: npm run fuzz -- ${target} --input FILE`,
    );
  }
  return {
    target,
    inputs: report.runs,
    seconds: Math.round(report.seconds),
    kept: report.kept,
    'rss MiB': report.rssMb,
    findings: report.failed ? 1 : 0,
  };
}

async function script(target: string): Promise<Row> {
  const report = await runTarget(
    {
      target,
      seed: seed ?? 1,
      runs: runs ?? (seconds === undefined ? DEFAULT_RUNS : Number.POSITIVE_INFINITY),
      seconds,
      ...(values.input === undefined ? {} : { only: new Uint8Array(readFileSync(values.input)) }),
    },
    (input) => keep(join(ROOT, 'build/fuzz/corpus', target), input),
  );
  const { finding } = report;
  if (finding !== undefined) {
    const path = values.input ?? keep(join(ROOT, 'build/fuzz/findings', target), finding.input);
    console.log(`\n${target}: ${finding.text}`);
    console.log(
      `${finding.input.length} bytes. Again: npm run fuzz -- ${target} --input ${relative(ROOT, path)}\n`,
    );
  }
  return {
    target,
    inputs: report.runs,
    seconds: Math.round(report.seconds),
    kept: report.kept,
    covered: report.covered,
    'slowest ms': Math.round(report.slowestMs),
    'grew MiB': Math.round(report.growthBytes / 2 ** 20),
    findings: finding === undefined ? 0 : 1,
  };
}

const withNative = names.some((name) => NATIVE_TARGETS.includes(name)) && buildNative();
const rows: Row[] = [];
for (const name of names) {
  if (NATIVE_TARGETS.includes(name) && !withNative) {
    console.log(
      `${name}: left out, since clang++-14 is not here or did not build it (apt-get install clang-14).`,
    );
    process.exitCode = 1;
    continue;
  }
  const row = NATIVE_TARGETS.includes(name) ? native(name) : await script(name);
  if (row.findings > 0) process.exitCode = 1;
  rows.push(row);
  console.log(JSON.stringify(row));
}
console.table(rows);
