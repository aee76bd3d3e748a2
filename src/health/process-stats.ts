import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { VERSION } from '../version.js';

const RESOLUTION_MS = 10;

/** How late the main thread's timers are; disabled as yet. */
export function createLoopDelay(): IntervalHistogram {
  return monitorEventLoopDelay({ resolution: RESOLUTION_MS });
}

/** What the process says of itself in the stats: version, age, memory, and its event loop's delay since the last reset. */
export function processStats(delay: IntervalHistogram): Record<string, unknown> {
  // The histogram holds the time between two timer calls: the delay is what exceeds the timer's own interval.
  const ms = (nanoseconds: number): number =>
    Math.max(0, Math.round(nanoseconds / 1e4 - RESOLUTION_MS * 100) / 100);
  return {
    version: VERSION,
    uptimeMs: Math.round(process.uptime() * 1000),
    rssBytes: process.memoryUsage.rss(),
    eventLoopDelayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
  };
}
