/** Geometry of the small charts: values over time become SVG paths. */

export interface Value {
  /** Ms since the Unix epoch. */
  readonly at: number;
  /** Null: nothing to show then. */
  readonly value: number | null;
}

export interface Plot {
  /** Of the drawing, in its own units. */
  readonly width: number;
  readonly height: number;
  /** The time at the left and at the right edge. */
  readonly from: number;
  readonly to: number;
  /** The value at the upper edge; 0 is the lower one. */
  readonly max: number;
  /** Values further apart than this are not joined. */
  readonly gapMs: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** The values as lines, broken by pauses; one that stands alone is a line of no length: a round cap shows it. */
export function linePath(values: readonly Value[], plot: Plot): string {
  return runs(values, plot)
    .map((points) => {
      const [first, ...others] = points.map(({ x, y }) => `${short(x)} ${short(y)}`);
      return others.length === 0 ? `M${first}h0` : `M${first}L${others.join(' ')}`;
    })
    .join('');
}

/** The area between the values and the lower edge. */
export function areaPath(values: readonly Value[], plot: Plot): string {
  return runs(values, plot)
    .filter((points) => points.length > 1)
    .map((points) => {
      const line = points.map(({ x, y }) => `${short(x)} ${short(y)}`).join(' ');
      const first = points[0] as Point;
      const last = points.at(-1) as Point;
      return `M${line}L${short(last.x)} ${short(plot.height)} ${short(first.x)} ${short(plot.height)}Z`;
    })
    .join('');
}

/** What belongs together: no longer pause between values than `gapMs`. */
function runs(values: readonly Value[], plot: Plot): Point[][] {
  const found: Point[][] = [];
  let open: Point[] | null = null;
  let lastAt = 0;
  for (const { at, value } of values) {
    if (value === null || at < plot.from || at > plot.to) continue;
    if (open === null || at - lastAt > plot.gapMs) {
      open = [];
      found.push(open);
    }
    open.push(place(at, value, plot));
    lastAt = at;
  }
  return found;
}

function place(at: number, value: number, { width, height, from, to, max }: Plot): Point {
  const x = ((at - from) / (to - from)) * width;
  const share = Math.min(1, Math.max(0, value / max));
  return { x, y: height - share * height };
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** The next of 1, 2, 5, 10, 20, 50, … that holds every value, so that a scale rests while values dance; at least `least`. */
export function roundMax(values: readonly (number | null)[], least: number): number {
  const largest = values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  if (largest <= least) return least;
  const power = 10 ** Math.floor(Math.log10(largest));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= largest) ?? 10;
  return step * power;
}
