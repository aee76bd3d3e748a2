import { afterEach, describe, expect, it, vi } from 'vitest';
import { wallClockMs } from '../src/clock.js';

describe('the wall clock', () => {
  afterEach(() => vi.restoreAllMocks());

  it('is Date.now() with its fraction', () => {
    for (let i = 0; i < 1000; i += 1) {
      const before = Date.now();
      const nowMs = wallClockMs();
      expect(nowMs).toBeGreaterThanOrEqual(before);
      expect(nowMs).toBeLessThanOrEqual(Date.now() + 1);
    }
  });

  it('tells durations shorter than a millisecond', () => {
    const readings = Array.from({ length: 200 }, () => wallClockMs());
    expect(new Set(readings.map((ms) => ms % 1)).size).toBeGreaterThan(100);
  });

  it.each([-3_600_000, 7_200_000])('follows a clock that is set by %i ms at once, and back', (byMs) => {
    const real = Date.now.bind(Date);
    wallClockMs();
    const set = vi.spyOn(Date, 'now').mockImplementation(() => real() + byMs);
    expect(Math.abs(wallClockMs() - real() - byMs)).toBeLessThan(50);
    set.mockRestore();
    expect(Math.abs(wallClockMs() - real())).toBeLessThan(50);
  });
});
