/** Figures over time. A series may have gaps: what is read seldom has few points. */
export interface Series {
  readonly name: string;
  readonly unit: string;
  /** Since the load began, rising. */
  readonly atMs: readonly number[];
  readonly values: readonly number[];
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Nothing of before or after the two times. */
export function between({ name, unit, atMs, values }: Series, fromMs: number, toMs: number): Series {
  const kept = atMs.map((at, i) => [at, values[i] ?? Number.NaN] as const);
  const inside = kept.filter(([at, value]) => at >= fromMs && at <= toMs && Number.isFinite(value));
  return { name, unit, atMs: inside.map(([at]) => at), values: inside.map(([, value]) => value) };
}

/**
 * The median of each of `count` equal parts of the series' time; parts without a point are left out. So a peak of a few
 * seconds neither hides nor makes a drift, and what is slow to judge pair by pair has few pairs.
 */
export function medians({ atMs, values }: Series, count: number): Point[] {
  const [first, last] = [atMs[0], atMs.at(-1)];
  if (first === undefined || last === undefined) return [];
  const widthMs = Math.max(1, (last - first) / count);
  const parts: number[][] = Array.from({ length: count }, () => []);
  atMs.forEach((at, i) => {
    const part = Math.min(count - 1, Math.floor((at - first) / widthMs));
    parts[part]?.push(values[i] ?? Number.NaN);
  });
  return parts.flatMap((part, i) =>
    part.length === 0 ? [] : [{ atMs: first + (i + 0.5) * widthMs, value: median(part) }],
  );
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}
