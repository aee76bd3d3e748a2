import { between, median, medians, type Series } from './series.js';

/**
 * How much a series may grow in an hour, after the warm-up: the larger of the two. A run that is shorter is allowed as much
 * as an hour: so short, a slope is noise.
 */
export interface DriftLimit {
  /** Of the series' own level. */
  readonly percent: number;
  /** In the series' unit. */
  readonly absolute: number;
}

export interface Drift {
  readonly name: string;
  readonly unit: string;
  /** The median over the first quarter and over the last one. */
  readonly first: number;
  readonly last: number;
  /** Over the judged time, by the Theil–Sen slope: the median of the slopes between all pairs. Negative where it shrank. */
  readonly growth: number;
  /** What `growth` may be. */
  readonly allowed: number;
  readonly held: boolean;
}

export interface JudgedTime {
  /** What was before is warm-up. */
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600_000;
const PARTS = 60;
/** Fewer medians than this say nothing of a slope. */
const MIN_PARTS = 8;

/** From the middle of the first quarter to that of the last one. */
const BETWEEN_QUARTERS = 0.75;

/**
 * Whether a series drifts: it grew by more than is allowed both by its slope and from its first to its last quarter. A leak does both;
 * a noisy series of a few minutes does one of them by chance.
 * @throws Error when it has too few points in the judged time to tell: a figure that went missing must not pass.
 */
export function judge(series: Series, limit: DriftLimit, { fromMs, toMs }: JudgedTime): Drift {
  const judged = between(series, fromMs, toMs);
  const points = medians(judged, PARTS);
  if (points.length < MIN_PARTS)
    throw new Error(
      `Expected at least ${MIN_PARTS} samples of ${series.name} after the warm-up, got ${points.length}`,
    );
  const spanMs = toMs - fromMs;
  const quarter = (begin: number): number =>
    median(between(judged, fromMs + begin * spanMs, fromMs + (begin + 0.25) * spanMs).values);
  const [first, last] = [quarter(0), quarter(0.75)];
  if (Number.isNaN(first) || Number.isNaN(last))
    throw new Error(`Expected samples of ${series.name} in the first and in the last quarter, got none`);
  const level = median(judged.values);
  const growth = theilSen(points.map(({ atMs, value }) => [atMs, value] as const)) * spanMs;
  const allowed =
    Math.max((limit.percent / 100) * Math.abs(level), limit.absolute) * Math.max(1, spanMs / HOUR_MS);
  const { name, unit } = series;
  const held = Math.min(growth, (last - first) / BETWEEN_QUARTERS) <= allowed;
  return { name, unit, first, last, growth, allowed, held };
}

/** The median of the slopes of all pairs: up to 29 % of the points may be anything. 0 of fewer than two points. */
export function theilSen(points: readonly (readonly [at: number, value: number])[]): number {
  const slopes: number[] = [];
  for (const [i, [at, value]] of points.entries())
    for (const [laterAt, laterValue] of points.slice(i + 1))
      if (laterAt !== at) slopes.push((laterValue - value) / (laterAt - at));
  return slopes.length === 0 ? 0 : median(slopes);
}
