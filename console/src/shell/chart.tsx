import type { JSX } from 'preact';
import { GAP_MS, windowMs } from './history.js';
import { areaPath, linePath, roundMax, type Value } from './sparkline.js';

const WIDTH = 120;
const HEIGHT = 28;

export interface ChartProps {
  /** Drawn as a line over an area. */
  readonly values: readonly Value[];
  /** Drawn as a thin line above: the 95th percentile where `values` is the 50th. */
  readonly upper?: readonly Value[];
  /** The scale ends there at least. */
  readonly least: number;
  /** What is read aloud in its place, with the numbers; without one something beside it says them. */
  readonly label?: string;
}

/** The last minutes as a small chart; its right edge is now. */
export function Chart({ values, upper = [], least, label }: ChartProps): JSX.Element {
  const to = values.at(-1)?.at ?? 0;
  const max = roundMax(
    [...values, ...upper].map(({ value }) => value),
    least,
  );
  const plot = { width: WIDTH, height: HEIGHT, from: to - windowMs(values), to, max, gapMs: GAP_MS };
  return (
    <svg
      class="chart"
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
      preserveAspectRatio="none"
      role="img"
      aria-hidden={label === undefined}
      aria-label={label ?? ''}
    >
      <path class="base" d={`M0 ${HEIGHT}H${WIDTH}`} />
      <path class="area" d={areaPath(values, plot)} />
      <path class="upper" d={linePath(upper, plot)} />
      <path class="line" d={linePath(values, plot)} />
    </svg>
  );
}
