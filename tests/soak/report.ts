/** A run as Markdown, SVG and JSON. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from '../bench/measure.js';
import { describe } from '../bench/report.js';
import { type Line, type Mark, type Panel, plotSvg } from './plot.js';
import type { Figure } from './recorder.js';
import { between, median, type Series } from './series.js';
import type { Tally } from './tally.js';
import type { Verdict } from './verdict.js';

export interface SoakRun {
  readonly command: string;
  readonly startedAt: string;
  readonly machine: Machine;
  /** What was asked of the service, in words. */
  readonly load: string;
  readonly endMs: number;
  readonly warmUpMs: number;
  readonly series: Readonly<Record<Figure, Series>>;
  readonly marks: readonly Mark[];
  readonly tally: Tally;
  readonly verdict: Verdict;
}

/** Writes `soak-<date>.md`, `.svg` and `.json` to a directory; returns the Markdown's path. */
export function writeSoakReport(directory: string, run: SoakRun): string {
  mkdirSync(directory, { recursive: true });
  const base = `soak-${run.startedAt.replaceAll(':', '').slice(0, 15)}`;
  const path = (ending: string): string => join(directory, `${base}.${ending}`);
  const { tally, ...rest } = run;
  const { counts, complaints, failures } = tally;
  writeFileSync(
    path('json'),
    JSON.stringify({ ...rest, counts: Object.fromEntries(counts), complaints, failures }),
  );
  writeFileSync(path('svg'), plotSvg({ ...run, ...headings(run), panels: panelsOf(run.series) }));
  writeFileSync(path('md'), markdownOf(run, `${base}.svg`));
  return path('md');
}

function headings({ endMs, load, verdict, tally }: SoakRun): { title: string; subtitle: string } {
  const drifts = verdict.drifts.filter(({ held }) => !held).map(({ name }) => name);
  const told = [
    drifts.length === 0 ? 'no drift' : `${drifts.join(', ')} DRIFT`,
    ...(tally.failures === 0 ? [] : [`${tally.failures} failures`]),
  ];
  return { title: `${Math.round(endMs / 60_000)} minutes under load: ${told.join(', ')}`, subtitle: load };
}

function panelsOf(series: SoakRun['series']): Panel[] {
  const lines = (...named: readonly (readonly [string, Figure])[]): Line[] =>
    named.map(([label, figure]) => ({ label, series: series[figure] }));
  return [
    { title: 'Memory, MiB', fromZero: false, lines: lines(['resident', 'rss'], ['anonymous', 'anonymous']) },
    { title: 'Frames of the cameras’ histories, MiB', fromZero: true, lines: lines(['held', 'heldFrames']) },
    {
      title: 'JavaScript, main thread, MiB',
      fromZero: true,
      lines: lines(['heap in use', 'heapUsed'], ['buffers', 'external']),
    },
    {
      title: 'Threads and open files',
      fromZero: true,
      lines: lines(['threads', 'threads'], ['open files', 'openFiles']),
    },
    {
      title: 'Event loop late, p99, ms',
      fromZero: true,
      lines: lines(['the service', 'loopP99'], ['the soak itself', 'ownLoopP99']),
    },
    {
      title: 'Waiting and held',
      fromZero: true,
      lines: lines(
        ['prompts that wait', 'queue'],
        ['frames in use', 'framesInUse'],
        ['owed messages', 'owed'],
      ),
    },
    { title: 'Capture to masks, median, ms', fromZero: true, lines: lines(['prompts', 'latency']) },
    { title: 'Load average of the machine', fromZero: true, lines: lines(['1 minute', 'load']) },
  ];
}

function markdownOf(run: SoakRun, svg: string): string {
  const { verdict, tally, machine, series, warmUpMs, endMs } = run;
  const drifts = verdict.drifts.map(
    ({ name, unit, first, last, growth, allowed, held }) =>
      `| ${name}${unit && `, ${unit}`} | ${number(first)} | ${number(last)} | ${number(growth)} | ${number(allowed)} | ${held ? 'holds' : '**drifts**'} |`,
  );
  const counts = [...tally.counts]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, count]) => `| ${what} | ${count} |`);
  const judged = (figure: Figure): number => median(between(series[figure], warmUpMs, endMs).values);
  return [
    `# ${headings(run).title}`,
    '',
    `\`${run.command}\`, ${run.startedAt}. ${describe(machine)}. ${run.load}.`,
    '',
    `Judged from minute ${number(warmUpMs / 60_000)} to ${number(endMs / 60_000)}. Load average of the machine then: ${number(judged('load'))} (median). Median from capture to masks: ${number(judged('latency'))} ms.`,
    '',
    ...verdict.faults.map((fault) => `- **${fault}**`),
    ...tally.complaints.map(({ at, what }) => `- ${at}: ${what}`),
    '',
    `![Figures over time](${svg})`,
    '',
    '| figure | first quarter | last quarter | growth | may grow by | |',
    '|---|---|---|---|---|---|',
    ...drifts,
    '',
    '| what | count |',
    '|---|---|',
    ...counts,
    '',
  ].join('\n');
}

function number(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
