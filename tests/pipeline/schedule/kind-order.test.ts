import { describe, expect, it } from 'vitest';
import { KindOrder, type Level } from '../../../src/pipeline/schedule/kind-order.js';

/** Runs of so many ms, one after the other, while these levels always wait; how much time each had. */
function served(
  waiting: readonly Level[],
  runMs: (level: Level) => number,
  totalMs: number,
): Map<Level, number> {
  const order = new KindOrder();
  const had = new Map<Level, number>();
  for (let nowMs = 0; nowMs < totalMs; ) {
    const level = order.next((of) => waiting.includes(of), nowMs);
    if (!level) throw new Error('nothing was chosen');
    const tookMs = runMs(level);
    nowMs += tookMs;
    order.ended(level, { tookMs, nowMs });
    had.set(level, (had.get(level) ?? 0) + tookMs / totalMs);
  }
  return had;
}

describe('the order of kinds', () => {
  it('is prompts, detections, tracks, jobs, everything', () => {
    const order = new KindOrder();
    const left: Level[] = ['everything', 'job', 'track', 'detections', 'prompt'];
    const chosen: (Level | undefined)[] = [];
    while (left.length > 0) {
      const next = order.next((level) => left.includes(level), 0);
      chosen.push(next);
      left.splice(left.indexOf(next as Level), 1);
    }
    expect(chosen).toEqual(['prompt', 'detections', 'track', 'job', 'everything']);
    expect(order.next(() => false, 0)).toBeUndefined();
  });

  it('leaves each lower kind a tenth of the time, however long its runs are', () => {
    const all = ['prompt', 'detections', 'track', 'job', 'everything'] as const;
    const had = served(
      all,
      (level) => (level === 'prompt' ? 20 : level === 'everything' ? 120 : 40),
      100_000,
    );
    for (const level of all.slice(1)) {
      expect(had.get(level), level).toBeGreaterThan(0.07);
      expect(had.get(level), level).toBeLessThanOrEqual(0.105);
    }
    expect(had.get('prompt')).toBeGreaterThan(0.6);
  });

  it('lets a prompt meet no run of a lower kind more often than every 100 ms', () => {
    const had = served(['prompt', 'track'], () => 1, 10_000);
    expect(had.get('track')).toBeLessThan(0.011);
    expect(had.get('track')).toBeGreaterThan(0.009);
  });

  it('passes a lower kind over at first, when both have just come', () => {
    const order = new KindOrder();
    const both = (level: Level): boolean => level === 'prompt' || level === 'everything';
    expect(order.next(both, 0)).toBe('prompt');
    expect(order.next(both, 99)).toBe('prompt');
    expect(order.next(both, 101)).toBe('everything');
  });
});
