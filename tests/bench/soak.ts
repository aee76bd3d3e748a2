import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine, distribution, residentBytes, sleep } from './measure.js';
import { ROOT, samwireTiny } from './models.js';
import { describe, printLimits, writeReport } from './report.js';
import { type Answer, type Service, startService } from './service.js';

/** 1080p prompts at 10 Hz for as long as asked: memory at the end within 2 % of that in minute 2. */

const PERIOD_MS = 100;
const LIMIT_PERCENT = 2;

interface Minute {
  readonly minute: number;
  readonly answers: number;
  readonly failures: number;
  /** Resident memory, the mean of a sample a second. */
  readonly meanMiB: number;
  readonly maxMiB: number;
  readonly medianMs: number;
  readonly p90Ms: number;
}

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '20' } } });
const minutes = Number(values.minutes);
if (!Number.isInteger(minutes) || minutes < 3) {
  console.error(`Expected --minutes of 3 or more, got ${values.minutes}`);
  process.exit(2);
}

const startedAt = new Date().toISOString();
const machine = describeMachine(ROOT);
console.log(describe(machine));
const service = await startService({ model: samwireTiny(), threads: 2, fps: 30 });
const rows: Minute[] = [];
try {
  for (let minute = 1; minute <= minutes; minute++) {
    const row = await runMinute(service, minute);
    rows.push(row);
    console.log(
      `minute ${minute}: ${row.meanMiB.toFixed(1)} MiB (max ${row.maxMiB.toFixed(1)}), ${row.answers} answers, ${row.failures} failures, median ${row.medianMs.toFixed(1)} ms`,
    );
  }
} finally {
  await service.close();
}
finish();

async function runMinute(running: Service, minute: number): Promise<Minute> {
  const latencies: number[] = [];
  const memory: number[] = [];
  let failures = 0;
  const open = new Set<Promise<void>>();
  const startedMs = performance.now();
  for (let tick = 0; tick * PERIOD_MS < 60_000; tick++) {
    await sleep(Math.max(0, startedMs + tick * PERIOD_MS - performance.now()));
    const asked: Promise<void> = running
      .prompt([[400 + (tick % 40) * 10, 300, 900 + (tick % 40) * 10, 700]])
      .then(
        (answer: Answer) => void latencies.push(answer.frameToMasksMs),
        () => void failures++,
      )
      .finally(() => open.delete(asked));
    open.add(asked);
    if (tick % 10 === 0) memory.push(residentBytes(running.pid) / 2 ** 20);
  }
  await Promise.all(open);
  const { median, p90 } = distribution(latencies);
  const resident = distribution(memory);
  return {
    minute,
    answers: latencies.length,
    failures,
    meanMiB: memory.reduce((sum, value) => sum + value, 0) / memory.length,
    maxMiB: resident.max,
    medianMs: median,
    p90Ms: p90,
  };
}

function finish(): void {
  const [second, last] = [rows[1], rows.at(-1)];
  if (!second || !last) throw new Error('Expected at least two minutes');
  const growth = (100 * (last.meanMiB - second.meanMiB)) / second.meanMiB;
  const answers = rows.reduce((sum, row) => sum + row.answers, 0);
  const failures = rows.reduce((sum, row) => sum + row.failures, 0);
  const limits = [
    { what: 'memory in the last minute over minute 2', measured: growth, limit: LIMIT_PERCENT, unit: '%' },
    { what: 'prompts without an answer', measured: failures, limit: 0, unit: 'prompts' },
  ];
  const command = `npm run soak -- --minutes ${minutes}`;
  const results = { minutes, answers, growthPercent: growth, rows };
  const path = writeReport(ROOT, { bench: 'soak', command, startedAt, machine, limits, results });
  const markdown = path.replace(/json$/, 'md');
  writeFileSync(markdown, markdownOf({ command, answers, failures, growth }));
  const held = printLimits(limits);
  console.log(`Written to ${path} and ${markdown}`);
  process.exitCode = held ? 0 : 1;
}

function markdownOf(found: { command: string; answers: number; failures: number; growth: number }): string {
  const lines = rows.map(
    (row) =>
      `| ${row.minute} | ${row.meanMiB.toFixed(1)} | ${row.maxMiB.toFixed(1)} | ${row.answers} | ${row.failures} | ${row.medianMs.toFixed(1)} | ${row.p90Ms.toFixed(1)} |`,
  );
  return [
    `# Soak of ${minutes} minutes: 1080p, prompts at 10 Hz, samwire-tiny`,
    '',
    `\`${found.command}\`, ${startedAt}. ${describe(machine)}.`,
    '',
    `Resident memory of the service: minute ${minutes} is ${found.growth.toFixed(2)} % over minute 2. ${found.answers} answers, ${found.failures} failures.`,
    '',
    '| minute | mean MiB | max MiB | answers | failures | median ms | p90 ms |',
    '|---|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}
