import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './measure.js';

/** A number that was promised: what was measured, and the limit that it must not pass. */
export interface Limit {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: string;
}

export interface Report {
  readonly bench: string;
  readonly command: string;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly limits: readonly Limit[];
  readonly results: unknown;
}

export type Row = Readonly<Record<string, string | number>>;

/** Rows as an aligned text table; numbers stand right, with one decimal. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const text = (value: string | number | undefined): string =>
    typeof value === 'number' ? (Number.isInteger(value) ? String(value) : value.toFixed(1)) : (value ?? '');
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => text(row[column]).length)),
  );
  const line = (cells: readonly string[], right: (i: number) => boolean): string =>
    cells
      .map((cell, i) => (right(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const numeric = columns.map((column) => rows.some((row) => typeof row[column] === 'number'));
  const right = (i: number): boolean => numeric[i] ?? false;
  return [
    line(columns, right),
    line(
      widths.map((width) => '-'.repeat(width)),
      right,
    ),
    ...rows.map((row) =>
      line(
        columns.map((column) => text(row[column])),
        right,
      ),
    ),
  ].join('\n');
}

export function describe(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, onnxruntime, commit, load } = machine;
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node}, onnxruntime ${onnxruntime}, commit ${commit}, load ${load}`;
}

/** Prints each limit with what was measured; false when one does not hold. */
export function printLimits(limits: readonly Limit[]): boolean {
  for (const { what, measured, limit, unit } of limits) {
    const verdict = measured <= limit ? 'holds' : 'DOES NOT HOLD';
    console.log(`${verdict}: ${what}: ${measured.toFixed(3)} ${unit} (limit ${limit} ${unit})`);
  }
  return limits.every(({ measured, limit }) => measured <= limit);
}

/** Writes the report to `build/bench/<bench>-<date>.json`; returns the path. */
export function writeReport(root: string, report: Report): string {
  const dir = join(root, 'build', 'bench');
  mkdirSync(dir, { recursive: true });
  const path = join(dir, `${report.bench}-${report.startedAt.replaceAll(':', '')}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}
