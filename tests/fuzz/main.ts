/** `npm run fuzz [-- TARGET …] [--runs N | --seconds S] [--seed N] [--input FILE]`, docs/fuzzing.md. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
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
const known = TARGETS.map(({ name }) => name);
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
const only = values.input === undefined ? undefined : new Uint8Array(readFileSync(values.input));

const rows = [];
for (const name of names) {
  const task = {
    target: name,
    seed: seed ?? 1,
    runs: runs ?? (seconds === undefined ? 1_000_000 : Number.POSITIVE_INFINITY),
    seconds,
    ...(only === undefined ? {} : { only }),
  };
  const report = await runTarget(task, (input) => keep(join(ROOT, 'build/fuzz/corpus', name), input));
  const { finding } = report;
  if (finding !== undefined) {
    const path =
      only === undefined ? keep(join(ROOT, 'build/fuzz/findings', name), finding.input) : values.input;
    console.log(`\n${name}: ${finding.text}`);
    console.log(
      `${finding.input.length} bytes. Again: npm run fuzz -- ${name} --input ${relative(ROOT, path ?? '')}\n`,
    );
    process.exitCode = 1;
  }
  const row = {
    target: name,
    inputs: report.runs,
    seconds: Math.round(report.seconds),
    kept: report.kept,
    blocks: report.blocks,
    'slowest ms': Math.round(report.slowestMs),
    'grew MiB': Math.round(report.growthBytes / 2 ** 20),
    findings: finding === undefined ? 0 : 1,
  };
  rows.push(row);
  console.log(JSON.stringify(row));
}
console.table(rows);
