/** Series as a service would give them, made from a seed: noise, sawteeth, peaks, steps, leaks. */
import type { Series } from './series.js';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

export interface Made {
  readonly seed: number;
  readonly hours?: number;
  readonly everyMs?: number;
  /** The value at a time, before the noise. */
  readonly of: (atMs: number) => number;
  /** Standard deviation of the noise. */
  readonly noise?: number;
}

export function madeSeries({ seed, hours = 1, everyMs = 1000, of, noise = 0 }: Made): Series {
  const random = mulberry32(seed);
  const count = Math.round((hours * HOUR_MS) / everyMs);
  const atMs = Array.from({ length: count }, (_, i) => i * everyMs);
  return { name: 'rss', unit: 'MiB', atMs, values: atMs.map((at) => of(at) + noise * normal(random)) };
}

/** By Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
