/** Takes the figures: each second from outside, what the node publishes, and what /metrics says. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Paced, pace } from './pace.js';
import { machineLoad, sampleProcess } from './process-sample.js';
import { median, type Series } from './series.js';
import { BASE, type Site } from './site.js';

const SAMPLE_MS = 1000;
const SCRAPE_MS = 15_000;
const OWN_DELAY_RESOLUTION_MS = 10;

/** Every figure, with its unit. */
export const FIGURES = {
  rss: 'MiB',
  anonymous: 'MiB',
  heapUsed: 'MiB',
  external: 'MiB',
  threads: '',
  openFiles: '',
  children: '',
  loopP50: 'ms',
  loopP99: 'ms',
  ownLoopP99: 'ms',
  heldFrames: 'MiB',
  framesInUse: '',
  queue: '',
  owed: '',
  tracks: '',
  latency: 'ms',
  answers: '1/s',
  load: '',
} as const;

export type Figure = keyof typeof FIGURES;

interface Stats {
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number };
  readonly framesInUse: number;
  readonly cameras: Readonly<Record<string, { readonly heldBytes: number }>>;
  readonly queue: number;
  readonly mqtt: { readonly owedMessages: number };
  readonly tracks: { readonly active: number };
}

export interface Recorder extends Paced {
  readonly series: Readonly<Record<Figure, Series>>;
  latency(ms: number): void;
}

export function startRecorder(site: Site): Recorder {
  const startedAt = performance.now();
  const series = emptySeries();
  const take = (figures: Partial<Record<Figure, number>>): void => {
    const at = performance.now() - startedAt;
    for (const [name, value] of Object.entries(figures)) {
      series[name as Figure].atMs.push(at);
      series[name as Figure].values.push(value);
    }
  };
  const own = monitorEventLoopDelay({ resolution: OWN_DELAY_RESOLUTION_MS });
  own.enable();
  const latencies: number[] = [];
  const listen = (topic: string, payload: Buffer): void => {
    count(site, topic, payload);
    if (topic !== `${BASE}/stats`) return;
    take({
      ...fromStats(JSON.parse(payload.toString()) as Stats),
      ownLoopP99: Math.max(0, own.percentile(99) / 1e6 - OWN_DELAY_RESOLUTION_MS),
    });
    own.reset();
  };
  site.raw.on('message', listen);
  const onError = (error: unknown): void =>
    site.tally.fail(`A sample: ${error} ${error instanceof Error ? error.cause : ''}`);
  const outside = pace({
    everyMs: SAMPLE_MS,
    onError,
    work: () => {
      const { rssMiB, anonymousMiB, ...counted } = sampleProcess(site.pid);
      take({ rss: rssMiB, anonymous: anonymousMiB, ...counted, load: machineLoad() });
    },
  });
  const inside = pace({
    everyMs: SCRAPE_MS,
    onError,
    work: async () => {
      take(await scrape(site.httpUrl));
      site.tally.add('/metrics scraped');
      const since = latencies.splice(0);
      take({
        answers: (1000 * since.length) / SCRAPE_MS,
        ...(since.length > 0 && { latency: median(since) }),
      });
    },
  });
  return {
    series,
    latency: (ms) => void latencies.push(ms),
    stop: async () => {
      await Promise.all([outside.stop(), inside.stop()]);
      site.raw.off('message', listen);
      own.disable();
    },
  };
}

type GrowingSeries = Series & { readonly atMs: number[]; readonly values: number[] };

function emptySeries(): Record<Figure, GrowingSeries> {
  const entries = Object.entries(FIGURES).map(([name, unit]): [string, GrowingSeries] => [
    name,
    { name, unit, atMs: [], values: [] },
  ]);
  return Object.fromEntries(entries) as Record<Figure, GrowingSeries>;
}

function fromStats(stats: Stats): Partial<Record<Figure, number>> {
  const { eventLoopDelayMs, framesInUse, cameras, queue, mqtt, tracks } = stats;
  return {
    loopP50: eventLoopDelayMs.p50,
    loopP99: eventLoopDelayMs.p99,
    heldFrames: Object.values(cameras).reduce((sum, { heldBytes }) => sum + heldBytes / 2 ** 20, 0),
    framesInUse,
    queue,
    owed: mqtt.owedMessages,
    tracks: tracks.active,
  };
}

/** What the node says on its own. */
function count({ tally }: Site, topic: string, payload: Buffer): void {
  if (!topic.startsWith(`${BASE}/`)) return;
  if (topic.endsWith('/masks')) tally.add(`masks of ${JSON.parse(payload.toString()).source}`);
  else if (topic.endsWith('/errors')) tally.add(`errors told: ${JSON.parse(payload.toString()).code}`);
  else if (topic.endsWith('/labels')) tally.add('label images');
}

async function scrape(url: string): Promise<Partial<Record<Figure, number>>> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(SCRAPE_MS) });
  const text = await response.text();
  const gauge = (name: string): number => {
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`Expected ${name} in /metrics (${response.status})`);
    return Number(value);
  };
  const mib = (name: string): number => gauge(name) / 2 ** 20;
  return { heapUsed: mib('nodejs_heap_size_used_bytes'), external: mib('nodejs_external_memory_bytes') };
}
