/**
 * Figures of the process, by the names that dashboards for Node know. prom-client's own collector is not used: it can't be
 * stopped, four of its gauges are named like counters (promtool refuses them), and its event-loop figures begin anew at
 * each scrape, so that two scrapers take them from each other.
 */
import { readdir } from 'node:fs/promises';
import { PerformanceObserver } from 'node:perf_hooks';
import { Histogram, type Registry } from 'prom-client';
import type { Family } from './family.js';

export interface ProcessFigures {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
  /** Null where the system does not tell. */
  readonly openFiles: number | null;
}

export async function lookAtProcess(): Promise<ProcessFigures> {
  const openFiles = await readdir('/proc/self/fd').then(
    (names) => names.length - 1,
    () => null,
  );
  return { cpu: process.cpuUsage(), memory: process.memoryUsage(), openFiles };
}

const STARTED_AT_S = Date.now() / 1000 - process.uptime();

export const PROCESS_FAMILIES: readonly Family<{ readonly process: ProcessFigures }>[] = [
  {
    kind: 'counter',
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, all its threads together.',
    samples: ({ process: { cpu } }) => [{ value: (cpu.user + cpu.system) / 1e6 }],
  },
  {
    kind: 'gauge',
    name: 'process_start_time_seconds',
    help: 'When the process started, since the Unix epoch.',
    samples: () => [{ value: STARTED_AT_S }],
  },
  {
    kind: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM (RSS).',
    samples: ({ process: { memory } }) => [{ value: memory.rss }],
  },
  {
    kind: 'gauge',
    name: 'process_open_fds',
    help: 'File descriptors that are open.',
    samples: ({ process: { openFiles } }) => (openFiles === null ? [] : [{ value: openFiles }]),
  },
  {
    kind: 'gauge',
    name: 'nodejs_heap_size_total_bytes',
    help: 'Heap of the main thread.',
    samples: ({ process: { memory } }) => [{ value: memory.heapTotal }],
  },
  {
    kind: 'gauge',
    name: 'nodejs_heap_size_used_bytes',
    help: 'What of the heap of the main thread is in use.',
    samples: ({ process: { memory } }) => [{ value: memory.heapUsed }],
  },
  {
    kind: 'gauge',
    name: 'nodejs_external_memory_bytes',
    help: 'Memory of buffers that the main thread holds outside of its heap.',
    samples: ({ process: { memory } }) => [{ value: memory.external }],
  },
];

/** A timer runs so often; how late it is says how long the main thread was busy. */
const LAG_INTERVAL_MS = 50;
const LAG_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const GC_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];

/** Watches the main thread until the returned function is called: the event loop's lag, and the garbage collector. */
export function watchProcess(registry: Registry): () => void {
  const stops = [watchLag(registry), watchGarbageCollector(registry)];
  return () => {
    for (const stop of stops) stop();
  };
}

function watchLag(registry: Registry): () => void {
  const lag = new Histogram({
    name: 'samwire_event_loop_lag_seconds',
    help: `How late a timer of the main thread was, looked at every ${LAG_INTERVAL_MS} ms.`,
    buckets: LAG_BUCKETS,
    registers: [registry],
  });
  let due = performance.now() + LAG_INTERVAL_MS;
  let timer: NodeJS.Timeout;
  // Each begins when the one before has run: a backlog of an interval's ticks would be counted as many short lags.
  const tick = (): void => {
    const now = performance.now();
    lag.observe(Math.max(0, now - due) / 1000);
    due = now + LAG_INTERVAL_MS;
    timer = setTimeout(tick, LAG_INTERVAL_MS).unref();
  };
  timer = setTimeout(tick, LAG_INTERVAL_MS).unref();
  return () => clearTimeout(timer);
}

function watchGarbageCollector(registry: Registry): () => void {
  const pauses = new Histogram({
    name: 'nodejs_gc_duration_seconds',
    help: 'How long the garbage collector held up the main thread.',
    buckets: GC_BUCKETS,
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) pauses.observe(duration / 1000);
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
