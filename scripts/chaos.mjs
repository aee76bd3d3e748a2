#!/usr/bin/env node
/**
 * `npm run test:chaos [-- FILTER…]`: the scenarios of tests/chaos in full, one after the other, on loopback only; a table, and a report
 * as JSON and Markdown below build/reports.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';

/** Every scenario is bounded by itself; this is for one that is not. */
const LIMIT_MS = 20 * 60_000;
const FOLDER = 'build/reports/chaos';

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const startedAt = new Date();
const filters = process.argv.slice(2);
const scenarios = filters.length > 0 ? filters.map((name) => `tests/chaos/${name}`) : ['tests/chaos/'];
// One file at a time: what one scenario measures is not to be another one's load.
const args = ['vitest', 'run', '--no-file-parallelism', '--reporter=default', '--reporter=json'];
const { status, error } = spawnSync(
  'npx',
  [...args, `--outputFile.json=${FOLDER}/vitest.json`, ...scenarios],
  {
    stdio: 'inherit',
    timeout: LIMIT_MS,
    env: { ...process.env, SAMWIRE_CHAOS: 'long' },
  },
);
if (error) console.error(String(error));

function read(path, fallback) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}

const rows = read(`${FOLDER}/rows.jsonl`, '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const {
  numPassedTests = 0,
  numFailedTests = 0,
  numPendingTests = 0,
} = JSON.parse(read(`${FOLDER}/vitest.json`, '{}'));
const counts = { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests };
const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'CPU'}, load ${loadavg()[1].toFixed(1)} at the end`;
const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
const command = ['npm run test:chaos', ...(filters.length > 0 ? ['--', ...filters] : [])].join(' ');
const told = (figures) =>
  Object.entries(figures)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');

writeFileSync(
  'build/reports/chaos.json',
  `${JSON.stringify({ command, startedAt, seconds, machine, ...counts, rows }, null, 2)}\n`,
);
writeFileSync(
  'build/reports/chaos.md',
  [
    '# Chaos suite',
    '',
    `\`${command}\`, ${startedAt.toISOString()}, ${seconds} s. ${machine}. ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped.`,
    '',
    '| fault | promised | measured |',
    '|---|---|---|',
    ...rows.map(({ fault, promised, figures }) => `| ${fault} | ${promised} | ${told(figures)} |`),
    '',
  ].join('\n'),
);
console.table(rows.map(({ fault, figures }) => ({ fault, measured: told(figures).slice(0, 120) })));
console.log(
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s; build/reports/chaos.md`,
);
process.exitCode = status === 0 ? 0 : 1;
