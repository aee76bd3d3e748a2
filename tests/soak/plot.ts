/** Time series as an SVG: panels below each other over one time axis, a unit each. */
import { medians, type Point, type Series } from './series.js';

export interface Line {
  readonly label: string;
  readonly series: Series;
}

export interface Panel {
  /** With the unit. */
  readonly title: string;
  readonly lines: readonly Line[];
  /** The axis begins at 0; else it shows the values' own range. */
  readonly fromZero: boolean;
}

export interface Mark {
  readonly atMs: number;
  readonly kind: 'broker' | 'camera';
}

export interface Plot {
  readonly title: string;
  readonly subtitle: string;
  readonly panels: readonly Panel[];
  readonly marks: readonly Mark[];
  /** What was before is shaded: it is not judged. */
  readonly warmUpMs: number;
  readonly endMs: number;
}

const WIDTH = 860;
const LEFT = 62;
const RIGHT = 20;
const TOP = 64;
const PANEL = 104;
const GAP = 44;
const BOTTOM = 50;
/** Points of a line; each is the median of what lies around it. */
const POINTS = 240;
/** Told apart by the colour-blind as well (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'];
const MARKS = { broker: '#d55e00', camera: '#8a8a8a' } as const;
const MINUTE_MS = 60_000;

export function plotSvg(plot: Plot): string {
  const height = TOP + plot.panels.length * (PANEL + GAP) - GAP + BOTTOM;
  const x = (atMs: number): number => LEFT + (atMs / plot.endMs) * (WIDTH - LEFT - RIGHT);
  const body = plot.panels.flatMap((panel, i) => panelSvg(panel, { plot, x, top: TOP + i * (PANEL + GAP) }));
  const bottom = height - BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11" fill="#222">`,
    `<title>${escaped(plot.title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="15" font-weight="bold">${escaped(plot.title)}</text>`,
    `<text x="${LEFT}" y="39" fill="#555">${escaped(plot.subtitle)}</text>`,
    ...body,
    ...timeAxis(plot, x, bottom),
    '</svg>',
    '',
  ].join('\n');
}

interface Place {
  readonly plot: Plot;
  readonly x: (atMs: number) => number;
  readonly top: number;
}

function panelSvg(panel: Panel, { plot, x, top }: Place): string[] {
  const drawn = panel.lines.map(({ label, series }) => ({ label, points: medians(series, POINTS) }));
  const ticks = niceTicks(
    drawn.flatMap(({ points }) => points.map(({ value }) => value)),
    panel.fromZero,
  );
  const [low, high] = [ticks[0] ?? 0, ticks.at(-1) ?? 1];
  const y = (value: number): number => top + PANEL - ((value - low) / (high - low)) * PANEL;
  const right = WIDTH - RIGHT;
  const grid = ticks.flatMap((tick) => [
    `<path d="M${LEFT} ${round(y(tick))}H${right}" stroke="#ddd"/>`,
    `<text x="${LEFT - 6}" y="${round(y(tick) + 4)}" text-anchor="end">${tick.toLocaleString('en', { maximumFractionDigits: 6 })}</text>`,
  ]);
  const legend = drawn.flatMap(({ label }, i) => {
    const at = right - (drawn.length - i) * 130;
    return [
      `<path d="M${at} ${top - 10}h16" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="2"/>`,
      `<text x="${at + 21}" y="${top - 6}">${escaped(label)}</text>`,
    ];
  });
  return [
    `<rect x="${LEFT}" y="${top}" width="${round(x(plot.warmUpMs) - LEFT)}" height="${PANEL}" fill="#f0f0f0"/>`,
    ...grid,
    ...plot.marks.map(
      ({ atMs, kind }) =>
        `<path d="M${round(x(atMs))} ${top}v${PANEL}" stroke="${MARKS[kind]}" stroke-dasharray="2 3" opacity="0.7"/>`,
    ),
    `<text x="${LEFT}" y="${top - 6}" font-weight="bold">${escaped(panel.title)}</text>`,
    ...legend,
    ...drawn.map(({ points }, i) => lineSvg(points, { x, y, colour: COLOURS[i % COLOURS.length] ?? '#000' })),
  ];
}

function lineSvg(
  points: readonly Point[],
  { x, y, colour }: { x: (at: number) => number; y: (value: number) => number; colour: string },
): string {
  const path = points.map(({ atMs, value }) => `${round(x(atMs))} ${round(y(value))}`).join('L');
  if (path === '') return '';
  return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-linejoin="round"/>`;
}

function timeAxis({ endMs, marks, warmUpMs }: Plot, x: (atMs: number) => number, y: number): string[] {
  const stepMs = niceStep(endMs / MINUTE_MS / 8) * MINUTE_MS;
  const count = Math.floor(endMs / stepMs + 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => i * stepMs);
  const kinds = [...new Set(marks.map(({ kind }) => kind))];
  const notes = [
    ...(warmUpMs > 0 ? ['grey: warm-up, not judged'] : []),
    ...kinds.map((kind) =>
      kind === 'broker' ? 'orange dots: broker restarted' : 'grey dots: camera restarted',
    ),
  ];
  return [
    ...ticks.map(
      (atMs) =>
        `<text x="${round(x(atMs))}" y="${y + 16}" text-anchor="middle">${Number((atMs / MINUTE_MS).toFixed(2))}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${y + 32}" text-anchor="middle">minutes under load</text>`,
    `<text x="${WIDTH - RIGHT}" y="${y + 46}" text-anchor="end" fill="#555">${notes.join('; ')}</text>`,
  ];
}

/** Round numbers, evenly spaced, that enclose the values; at least a range of 5 % of them, so that noise looks like noise. */
export function niceTicks(values: readonly number[], fromZero: boolean): number[] {
  const finite = values.filter(Number.isFinite);
  const high = finite.reduce((most, value) => Math.max(most, value), finite.length > 0 ? -Infinity : 1);
  const low = fromZero ? 0 : finite.reduce((least, value) => Math.min(least, value), high);
  const range = Math.max(high - low, 0.05 * Math.abs(high), 1e-9);
  const step = niceStep(range / 3);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The smallest of 1, 2, 5 times a power of ten that is at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-9)));
  const times = [1, 2, 5, 10].find((factor) => factor * power >= least - 1e-12) ?? 10;
  return times * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
