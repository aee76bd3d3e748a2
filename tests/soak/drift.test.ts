import { describe, expect, it } from 'vitest';
import { judge, theilSen } from './drift.js';
import { HOUR_MS, MINUTE_MS, madeSeries } from './made-series.js';

const RSS = { percent: 2, absolute: 5 };
const COUNT = { percent: 0, absolute: 0.9 };
const AFTER_WARM_UP = { fromMs: 5 * MINUTE_MS, toMs: HOUR_MS };
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('the judgement of a drift', () => {
  it.each(SEEDS)('passes a flat series with noise, peaks and a warm-up (seed %i)', (seed) => {
    const flat = madeSeries({
      seed,
      noise: 15,
      of: (at) => 600 - 200 * Math.exp(-at / MINUTE_MS) + (at % (7 * MINUTE_MS) < 20_000 ? 300 : 0),
    });
    expect(judge(flat, RSS, AFTER_WARM_UP)).toMatchObject({ held: true, allowed: expect.closeTo(12, 0) });
  });

  it.each(SEEDS)('passes a sawtooth, as a garbage collector makes it (seed %i)', (seed) => {
    const sawtooth = madeSeries({ seed, everyMs: 15_000, noise: 1, of: (at) => 40 + (at % 97_000) / 10_000 });
    expect(judge(sawtooth, { percent: 5, absolute: 3 }, AFTER_WARM_UP).held).toBe(true);
  });

  it.each(SEEDS)(
    'fails a leak of 20 MiB an hour under the same noise, and says how large it is (seed %i)',
    (seed) => {
      const leaking = madeSeries({
        seed,
        noise: 15,
        of: (at) => 600 + (20 * at) / HOUR_MS + (at % (7 * MINUTE_MS) < 20_000 ? 300 : 0),
      });
      const drift = judge(leaking, RSS, AFTER_WARM_UP);
      expect(drift.held).toBe(false);
      expect(drift.growth).toBeCloseTo((20 * 55) / 60, -1);
      expect(drift.last).toBeGreaterThan(drift.first + 8);
    },
  );

  it('fails one file in ten minutes that is not closed, and passes threads that come and go', () => {
    const files = madeSeries({ seed: 1, of: (at) => 40 + Math.floor(at / (10 * MINUTE_MS)) });
    const threads = madeSeries({ seed: 1, of: (at) => 28 + (Math.floor(at / 5000) % 3) });
    expect(judge(files, COUNT, AFTER_WARM_UP).held).toBe(false);
    expect(judge(threads, COUNT, AFTER_WARM_UP).held).toBe(true);
  });

  it.each(SEEDS)(
    'passes four minutes of noise without a trend, and fails a leak in them (seed %i)',
    (seed) => {
      const fourMinutes = { fromMs: 80_000, toMs: 4 * MINUTE_MS };
      const of = (perMinute: number): boolean =>
        judge(
          madeSeries({ seed, hours: 4 / 60, noise: 20, of: (at) => 650 + (perMinute * at) / MINUTE_MS }),
          RSS,
          fourMinutes,
        ).held;
      expect(of(0)).toBe(true);
      expect(of(20)).toBe(false);
    },
  );

  it('fails a step that stays, though the slope before and after it is none', () => {
    const step = madeSeries({ seed: 1, noise: 3, of: (at) => (at < 30 * MINUTE_MS ? 600 : 640) });
    expect(judge(step, RSS, AFTER_WARM_UP).held).toBe(false);
  });

  it('passes what shrinks', () => {
    const shrinking = madeSeries({ seed: 1, noise: 3, of: (at) => 700 - (50 * at) / HOUR_MS });
    expect(judge(shrinking, RSS, AFTER_WARM_UP)).toMatchObject({
      held: true,
      growth: expect.closeTo(-46, 0),
    });
  });

  it('allows a run of eight hours eight times what it allows in one, and a short run as much as an hour', () => {
    const slow = (hours: number): ReturnType<typeof judge> =>
      judge(madeSeries({ seed: 1, hours, of: (at) => 100 + (4 * at) / HOUR_MS }), RSS, {
        fromMs: 0,
        toMs: hours * HOUR_MS,
      });
    expect(slow(8)).toMatchObject({ allowed: 40, held: true });
    expect(slow(0.25)).toMatchObject({ allowed: 5, held: true });
  });

  it('does not pass a figure that was not measured any more', () => {
    const until = (minutes: number) => madeSeries({ seed: 1, hours: minutes / 60, of: () => 1 });
    expect(() => judge(until(5), RSS, AFTER_WARM_UP)).toThrow(
      'at least 8 samples of rss after the warm-up, got 0',
    );
    expect(() => judge(until(40), RSS, AFTER_WARM_UP)).toThrow(/rss in the first and in the last quarter/);
    expect(judge(until(50), RSS, AFTER_WARM_UP).held).toBe(true);
  });
});

describe('the Theil–Sen slope', () => {
  it('is that of the line, whatever a quarter of the points is', () => {
    const points = Array.from(
      { length: 40 },
      (_, i) => [i, i % 4 === 0 ? 1e6 * Math.sin(i) : 3 * i + 7] as const,
    );
    expect(theilSen(points)).toBeCloseTo(3, 1);
  });

  it('is 0 of one point, and of two at the same time', () => {
    expect(theilSen([[1, 5]])).toBe(0);
    expect(
      theilSen([
        [1, 5],
        [1, 9],
      ]),
    ).toBe(0);
  });
});
