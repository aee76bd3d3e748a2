import { describe, expect, it } from 'vitest';
import { areaPath, linePath, roundMax } from '../../../console/src/shell/sparkline.js';

const PLOT = { width: 100, height: 20, from: 0, to: 10_000, max: 10, gapMs: 3500 };
const at = (...pairs: readonly (readonly [number, number | null])[]) =>
  pairs.map(([ms, value]) => ({ at: ms, value }));

describe('linePath', () => {
  it('goes from left to right, with 0 at the lower edge', () => {
    expect(linePath(at([0, 0], [2000, 5], [4000, 10]), PLOT)).toBe('M0 20L20 10 40 0');
  });

  it('goes over a missing value, and is broken by a long pause', () => {
    expect(linePath(at([0, 0], [1000, 5], [2000, null], [3000, 5], [4000, 5]), PLOT)).toBe(
      'M0 20L10 10 30 10 40 10',
    );
    expect(linePath(at([0, 0], [1000, 0], [6000, 0], [7000, 0]), PLOT)).toBe('M0 20L10 20M60 20L70 20');
  });

  it('shows a value that stands alone as a dot', () => {
    expect(linePath(at([5000, 5]), PLOT)).toBe('M50 10h0');
  });

  it('keeps within the drawing: what is older is left out, what is larger is cut', () => {
    expect(linePath(at([-1000, 5], [0, 50], [1000, -5]), PLOT)).toBe('M0 0L10 20');
  });

  it('is empty without values', () => {
    expect(linePath([], PLOT)).toBe('');
  });
});

describe('areaPath', () => {
  it('closes the line along the lower edge', () => {
    expect(areaPath(at([0, 0], [2000, 5], [4000, 10]), PLOT)).toBe('M0 20 20 10 40 0L40 20 0 20Z');
  });

  it('has no area under a single value', () => {
    expect(areaPath(at([5000, 5]), PLOT)).toBe('');
  });
});

describe('roundMax', () => {
  it('is the next round number, so that a scale rests while values dance', () => {
    expect([1.1, 2, 4, 7, 10, 11, 360].map((value) => roundMax([value], 1))).toEqual([
      2, 2, 5, 10, 10, 20, 500,
    ]);
  });

  it('is never less than asked, also without values', () => {
    expect(roundMax([], 5)).toBe(5);
    expect(roundMax([null, 0.2], 1)).toBe(1);
  });
});
