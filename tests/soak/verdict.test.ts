import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, madeSeries } from './made-series.js';
import { FIGURES, type Figure } from './recorder.js';
import type { Series } from './series.js';
import { Tally } from './tally.js';
import { EXPECTED, verdictOf } from './verdict.js';

const JUDGED = { fromMs: 5 * MINUTE_MS, toMs: HOUR_MS };

function flat(): Record<Figure, Series> {
  return Object.fromEntries(
    Object.entries(FIGURES).map(([name, unit]) => [
      name,
      { ...madeSeries({ seed: 1, everyMs: 5000, of: () => 100 }), name, unit },
    ]),
  ) as Record<Figure, Series>;
}

function busyRun(): Tally {
  const tally = new Tally();
  for (const what of EXPECTED) tally.add(what, 50);
  tally.add('prompts asked', 60);
  tally.add('prompts answered with overloaded', 10);
  return tally;
}

describe('the verdict on a soak', () => {
  it('holds where nothing grows and every prompt was answered', () => {
    expect(verdictOf(flat(), busyRun(), JUDGED)).toMatchObject({ held: true, faults: [] });
  });

  it('names the figure that grew', () => {
    const series = { ...flat(), openFiles: madeSeries({ seed: 1, of: (at) => at / MINUTE_MS }) };
    const leaking = { ...series, openFiles: { ...series.openFiles, name: 'openFiles', unit: '' } };
    const { held, faults } = verdictOf(leaking, busyRun(), JUDGED);
    expect(held).toBe(false);
    expect(faults).toEqual([expect.stringMatching(/^openFiles grew by 55\.\d+ .*more than 0\.90/)]);
  });

  it('fails a prompt that had no answer, a failure, and a load that was not there', () => {
    const tally = busyRun();
    tally.add('prompts asked');
    tally.fail('A job: timeout');
    tally.counts.delete('console frames');
    expect(verdictOf(flat(), tally, JUDGED).faults).toEqual([
      'Of 61 prompts 60 were answered.',
      '1 failures.',
      'Expected console frames, there were none.',
    ]);
  });

  it('fails a figure that was not measured', () => {
    const series = { ...flat(), heapUsed: { name: 'heapUsed', unit: 'MiB', atMs: [], values: [] } };
    expect(verdictOf(series, busyRun(), JUDGED).faults).toEqual([expect.stringContaining('heapUsed')]);
  });
});
