/**
 * `npm run soak -- --minutes N`: the real service under mixed load, watched from outside and inside. Ends with 1 when
 * something drifts or fails. docs/reliability.md has what was measured.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, sleep } from '../bench/measure.js';
import { ROOT } from '../bench/models.js';
import { badInput } from './load/bad-input.js';
import { consolePage } from './load/console-page.js';
import { detectionLoad } from './load/detections.js';
import { disturbances } from './load/disturbances.js';
import { promptLoad } from './load/prompts.js';
import { httpLoad, jobLoad, requestLoad } from './load/requests.js';
import type { Mark } from './plot.js';
import { startRecorder } from './recorder.js';
import { writeSoakReport } from './report.js';
import { openSite, type Site } from './site.js';
import { verdictOf } from './verdict.js';

const MINUTE_MS = 60_000;
const STATS_MS = 5000;
const WARM_UP_MINUTES = 5;
const USAGE = `npm run soak -- [--minutes 60] [--fps 10] [--prompts-per-second 2] [--camera-restart-minutes 7]
  [--broker-restart-minutes 10, 0: never; default 0 below 20 minutes] [--out build/reports]
  [--preload FILE: a module that the service loads first, such as tests/soak/leak.mjs]`;

interface Options {
  readonly minutes: number;
  readonly fps: number;
  readonly promptsPerSecond: number;
  readonly brokerRestartMinutes: number;
  readonly cameraRestartMinutes: number;
  readonly out: string;
  readonly preload: string | undefined;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '60' },
      fps: { type: 'string', default: '10' },
      'prompts-per-second': { type: 'string', default: '2' },
      'broker-restart-minutes': { type: 'string' },
      'camera-restart-minutes': { type: 'string', default: '7' },
      out: { type: 'string', default: join(ROOT, 'build/reports') },
      preload: { type: 'string' },
    },
  });
  const number = (name: string, text: string, least: number): number => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= least) return value;
    throw new RangeError(`Expected --${name} of ${least} or more, got ${text}`);
  };
  const minutes = number('minutes', values.minutes, 4);
  const brokerMinutes = values['broker-restart-minutes'] ?? (minutes >= 20 ? '10' : '0');
  return {
    minutes,
    fps: number('fps', values.fps, 1),
    promptsPerSecond: number('prompts-per-second', values['prompts-per-second'], 0.1),
    brokerRestartMinutes: number('broker-restart-minutes', brokerMinutes, 0),
    cameraRestartMinutes: number('camera-restart-minutes', values['camera-restart-minutes'], 0),
    out: values.out,
    preload: values.preload,
  };
}

function words({ fps, promptsPerSecond, brokerRestartMinutes }: Options): string {
  const broker = brokerRestartMinutes > 0 ? `, a broker restart every ${brokerRestartMinutes} min` : '';
  return `samwire-tiny, 2 cameras of 1080p at ${fps} fps, ${promptsPerSecond} prompts/s, detections, jobs, a console page${broker}`;
}

/** Puts the load on, for as long as asked, until the service ends or somebody has seen enough, and takes it off again. */
async function soak(site: Site, options: Options) {
  const recorder = startRecorder(site);
  const startedMs = performance.now();
  const marks: Mark[] = [];
  const loads = [
    promptLoad(site, { perSecond: options.promptsPerSecond, onLatency: recorder.latency }),
    detectionLoad(site),
    jobLoad(site),
    requestLoad(site),
    httpLoad(site),
    consolePage(site),
    badInput(site),
    disturbances(site, {
      brokerEveryMs: options.brokerRestartMinutes * MINUTE_MS,
      cameraEveryMs: options.cameraRestartMinutes * MINUTE_MS,
      onDisturbed: (kind) => marks.push({ atMs: performance.now() - startedMs, kind }),
    }),
  ];
  let interrupted = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      interrupted = true;
    });
  const goesOn = (): boolean => !interrupted && site.ended() === null;
  for (let minute = 1; minute <= options.minutes && goesOn(); minute++) {
    const untilMs = startedMs + minute * MINUTE_MS;
    while (performance.now() < untilMs && goesOn()) await sleep(500);
    const { rss, threads, openFiles } = recorder.series;
    console.log(
      `minute ${minute}: ${rss.values.at(-1)?.toFixed(1)} MiB, ${threads.values.at(-1)} threads, ${openFiles.values.at(-1)} files, ${site.tally.sum('prompts answered')} prompts answered, ${site.tally.failures} failures`,
    );
  }
  const ended = site.ended();
  if (ended !== null) site.tally.fail(`The service ended with ${ended}`);
  const endMs = performance.now() - startedMs;
  await recorder.stop();
  await Promise.all(loads.map((load) => load.stop()));
  return { endMs, marks, series: recorder.series };
}

async function main(options: Options): Promise<number> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine(ROOT);
  const logs = join(ROOT, 'build/reports');
  mkdirSync(logs, { recursive: true });
  const site = await openSite({
    fps: options.fps,
    statsIntervalMs: STATS_MS,
    logPath: join(logs, 'soak-service.log'),
    ...(options.preload !== undefined && { preload: options.preload }),
  });
  const { endMs, marks, series } = await soak(site, options).finally(() => site.close());
  const warmUpMs = Math.min(WARM_UP_MINUTES * MINUTE_MS, endMs / 3);
  const verdict = verdictOf(series, site.tally, { fromMs: warmUpMs, toMs: endMs });
  const path = writeSoakReport(options.out, {
    command: `npm run soak -- ${process.argv.slice(2).join(' ')}`.trim(),
    startedAt,
    machine,
    load: words(options),
    endMs,
    warmUpMs,
    series,
    marks,
    tally: site.tally,
    verdict,
  });
  for (const fault of verdict.faults) console.error(fault);
  console.log(`${verdict.held ? 'No drift.' : 'FAILED.'} Written to ${path}`);
  return verdict.held ? 0 : 1;
}

try {
  process.exitCode = await main(readOptions());
} catch (error) {
  console.error(
    error instanceof RangeError || error instanceof TypeError ? `${error.message}\n${USAGE}` : error,
  );
  process.exitCode = 2;
}
