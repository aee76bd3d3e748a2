import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { ClientMessage, FrameHeader } from '../../src/http/live/protocol.js';
import { stalledPage } from '../http/live/stalled.js';
import { freePort } from '../integration/broker.js';
import { residentBytes, sleep } from './measure.js';
import { samwireTiny } from './models.js';
import { type Limit, type Row, table } from './report.js';
import { type Service, startService } from './service.js';

const FPS = 30;
const STATS_MS = 1000;
const RATE_PERCENT = 2;
const LOOP_P99_MS = 20;
const MEMORY_PERCENT = 5;
const STALLED_MS = 41_000;
/** Clock ticks of /proc/<pid>/stat a second, on every Linux that Node runs on. */
const TICKS = 100;

interface Phase {
  readonly name: string;
  readonly healthy: number;
  readonly stalled: number;
}

const PHASES: readonly Phase[] = [
  { name: 'nobody', healthy: 0, stalled: 0 },
  { name: 'one page', healthy: 1, stalled: 0 },
  { name: 'one page, one stalled', healthy: 1, stalled: 1 },
  { name: 'one stalled', healthy: 0, stalled: 1 },
  { name: 'nobody again', healthy: 0, stalled: 0 },
];

interface Measured extends Row {
  readonly phase: string;
  /** Frames a second of the camera, and of the healthy page. */
  readonly camera: number;
  readonly page: number;
  readonly 'loop p50': number;
  readonly 'loop p99': number;
  /** Cores that the service's process used. */
  readonly 'CPU %': number;
  readonly 'MiB start': number;
  readonly 'MiB end': number;
}

/**
 * What pages of the console cost the service: a 1080p test camera at 30 frames a second, no prompts; one page that sees
 * every frame 1280 pixels wide, and one that reads nothing and comes back whenever it is cut off.
 */
export async function live(quick: boolean): Promise<{ limits: Limit[]; results: unknown }> {
  const seconds = quick ? 10 : 60;
  const port = await freePort();
  const service = await startService({
    model: samwireTiny(),
    threads: 1,
    fps: FPS,
    statsIntervalMs: STATS_MS,
    consolePort: port,
  });
  const rows: Measured[] = [];
  try {
    await service.nextStats();
    for (const phase of PHASES) rows.push(await measure(phase, { service, port, seconds }));
  } finally {
    await service.close();
  }
  console.log(`\nConsole pages of ${seconds} s each; delays of the event loop in ms, the median interval's`);
  console.log(table(rows));
  return { limits: limitsOf(rows), results: rows };
}

function limitsOf(rows: readonly Measured[]): Limit[] {
  const of = (name: string): Measured => {
    const row = rows.find(({ phase }) => phase === name);
    if (!row) throw new Error(`Expected a phase ${name}`);
    return row;
  };
  const nobody = (of('nobody').camera + of('nobody again').camera) / 2;
  const lost = (name: string): number => Math.abs(100 * (1 - of(name).camera / nobody));
  const stalled = of('one page, one stalled');
  return [
    {
      what: "change of the camera's rate with a page",
      measured: lost('one page'),
      limit: RATE_PERCENT,
      unit: '%',
    },
    {
      what: "change of the camera's rate with a stalled page",
      measured: Math.max(lost('one stalled'), lost(stalled.phase)),
      limit: RATE_PERCENT,
      unit: '%',
    },
    {
      what: 'growth of memory while a page is stalled',
      measured: (100 * (stalled['MiB end'] - stalled['MiB start'])) / stalled['MiB start'],
      limit: MEMORY_PERCENT,
      unit: '%',
    },
    {
      what: 'event-loop delay with a page, p99',
      measured: Math.max(of('one page')['loop p99'], stalled['loop p99']),
      limit: LOOP_P99_MS,
      unit: 'ms',
    },
  ];
}

interface Site {
  readonly service: Service;
  readonly port: number;
  readonly seconds: number;
}

async function measure(phase: Phase, { service, port, seconds }: Site): Promise<Measured> {
  const url = `http://127.0.0.1:${port}`;
  const pages = await Promise.all(Array.from({ length: phase.healthy }, () => healthyPage(url)));
  const stalled = Array.from({ length: phase.stalled }, () => keepStalled(url));
  // What begins, and the memory that it takes, is not counted.
  await sleep(3000);
  const before = figures(await service.nextStats());
  const seenBefore = pages.reduce((sum, { frames }) => sum + frames(), 0);
  const startedAt = performance.now();
  const cpuBefore = cpuSeconds(service.pid);
  const memory = [residentBytes(service.pid)];
  const delays: { p50: number; p99: number }[] = [];
  let after = before;
  while (performance.now() - startedAt < seconds * 1000) {
    after = figures(await service.nextStats());
    delays.push(after.delay);
    memory.push(residentBytes(service.pid));
  }
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = cpuSeconds(service.pid) - cpuBefore;
  const seen = pages.reduce((sum, { frames }) => sum + frames(), 0) - seenBefore;
  for (const page of pages) page.close();
  for (const { stop } of stalled) stop();
  const few = Math.max(1, Math.floor(memory.length / 5));
  return {
    phase: phase.name,
    camera: (1000 * (after.frames - before.frames)) / (after.uptimeMs - before.uptimeMs),
    page: seen / elapsed,
    'loop p50': median(delays.map(({ p50 }) => p50)),
    'loop p99': median(delays.map(({ p99 }) => p99)),
    'CPU %': (100 * cpu) / elapsed,
    'MiB start': median(memory.slice(0, few)) / 2 ** 20,
    'MiB end': median(memory.slice(-few)) / 2 ** 20,
  };
}

function watch(maxWidth: number): ClientMessage {
  return { type: 'watch', cameras: [{ name: 'front', maxWidth, maxFps: 60 }] };
}

/** Sees each frame as soon as it comes. */
async function healthyPage(url: string): Promise<{ frames: () => number; close: () => void }> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/live`, { headers: { origin: url } });
  let frames = 0;
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return;
    frames += 1;
    const { camera, seq } = JSON.parse(data.subarray(4, 4 + data.readUInt32LE(0)).toString()) as FrameHeader;
    socket.send(JSON.stringify({ type: 'seen', camera, seq }));
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.send(JSON.stringify(watch(1280)));
  return { frames: () => frames, close: () => socket.close() };
}

/** Reads nothing. The node cuts it off 30 to 40 s later, which it does not notice either; then it comes again. */
function keepStalled(url: string): { stop: () => void } {
  let socket: Socket | undefined;
  const open = async (): Promise<void> => {
    socket?.destroy();
    socket = await stalledPage(url, watch(1920));
  };
  void open();
  const timer = setInterval(() => void open(), STALLED_MS);
  return {
    stop: () => {
      clearInterval(timer);
      socket?.destroy();
    },
  };
}

interface Figures {
  readonly frames: number;
  readonly uptimeMs: number;
  readonly delay: { readonly p50: number; readonly p99: number };
}

function figures(stats: Record<string, unknown>): Figures {
  const { cameras, uptimeMs, eventLoopDelayMs } = stats as {
    readonly cameras: { readonly front: { readonly frames: number } };
    readonly uptimeMs: number;
    readonly eventLoopDelayMs: Figures['delay'];
  };
  return { frames: cameras.front.frames, uptimeMs, delay: eventLoopDelayMs };
}

/** User and system time of all its threads. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
