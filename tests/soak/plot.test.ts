import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, madeSeries } from './made-series.js';
import { niceTicks, type Plot, plotSvg } from './plot.js';
import type { Series } from './series.js';

const EMPTY: Series = { name: 'none', unit: '', atMs: [], values: [] };

function plot(more: Partial<Plot> = {}): Plot {
  const series = madeSeries({ seed: 1, noise: 5, of: (at) => 600 + at / MINUTE_MS });
  return {
    title: 'A run & its <figures>',
    subtitle: 'two cameras',
    panels: [{ title: 'Memory, MiB', fromZero: false, lines: [{ label: 'resident', series }] }],
    marks: [
      { atMs: 10 * MINUTE_MS, kind: 'broker' },
      { atMs: 20 * MINUTE_MS, kind: 'camera' },
    ],
    warmUpMs: 5 * MINUTE_MS,
    endMs: 60 * MINUTE_MS,
    ...more,
  };
}

describe('the plot of a soak', () => {
  it('is SVG that a renderer draws, with the line where the values are', async () => {
    const { data, info } = await sharp(Buffer.from(plotSvg(plot())))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const rowsOfBlue = (x: number): number[] =>
      Array.from({ length: info.height }, (_, y) => y).filter((y) => {
        const at = (y * info.width + x) * 3;
        return (data[at] ?? 255) < 60 && (data[at + 2] ?? 0) > 120;
      });
    const [early, late] = [rowsOfBlue(110), rowsOfBlue(820)];
    expect(early.length).toBeGreaterThan(0);
    expect(Math.min(...early)).toBeGreaterThan(Math.max(...late) + 30);
  });

  it('names title, units, minutes and what its marks are; text is escaped', () => {
    const svg = plotSvg(plot());
    for (const text of [
      'A run &amp; its &lt;figures&gt;',
      'Memory, MiB',
      '>resident<',
      'minutes under load',
      '>60<',
    ])
      expect(svg).toContain(text);
    expect(svg).toContain(
      'grey: warm-up, not judged; orange dots: broker restarted; grey dots: camera restarted',
    );
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('stays small, however long the run was', () => {
    const series = madeSeries({ seed: 1, hours: 24, noise: 5, of: () => 600 });
    const panels = [{ title: 'Memory', fromZero: true, lines: [{ label: 'resident', series }] }];
    expect(plotSvg(plot({ panels, endMs: 24 * 60 * MINUTE_MS })).length).toBeLessThan(10_000);
  });

  it('draws a panel that has no values as well', () => {
    const panels = [{ title: 'Nothing', fromZero: true, lines: [{ label: 'none', series: EMPTY }] }];
    expect(plotSvg(plot({ panels }))).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('the ticks of an axis', () => {
  it.each([
    [[612, 655], false, [600, 620, 640, 660]],
    [[0, 3], true, [0, 1, 2, 3]],
    [[0, 0], true, [0, 1e-9]],
    [[600, 600.1], false, [600, 620]],
    [[12, 187], true, [0, 100, 200]],
  ])('of %j, from zero: %s, are %j', (values, fromZero, ticks) => {
    expect(niceTicks(values, fromZero)).toEqual(ticks);
  });
});
