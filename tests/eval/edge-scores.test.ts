import { describe, expect, it } from 'vitest';
import { edgeScores, type PictureCounts, THRESHOLDS } from '../../src/eval/edge-scores.js';

/** Counts by threshold; what is not given counts nothing. */
const picture = (at: (threshold: number) => readonly [number, number, number, number]): PictureCounts =>
  THRESHOLDS.map((threshold) => {
    const [matchedTruth, truth, matchedFound, found] = at(threshold);
    return { matchedTruth, truth, matchedFound, found };
  });

describe('scores of edge maps', () => {
  it('have the benchmark’s thresholds', () => {
    expect(THRESHOLDS).toHaveLength(99);
    expect([THRESHOLDS[0], THRESHOLDS[49], THRESHOLDS[98]]).toEqual([0.01, 0.5, 0.99]);
  });

  it('are 1 where everything is found at every threshold; a curve of one recall has no area', () => {
    const { ods, ois, ap } = edgeScores([picture(() => [50, 50, 20, 20])]);
    expect(ods).toMatchObject({ f: 1, precision: 1, recall: 1 });
    expect(ois).toEqual({ f: 1, precision: 1, recall: 1 });
    expect(ap).toBe(0);
  });

  it('take one threshold for all pictures (ODS), or each picture its own (OIS)', () => {
    // Half of the pictures is best at low thresholds, half at high ones.
    const low = picture((t) => (t < 0.5 ? [100, 100, 100, 100] : [0, 100, 0, 0]));
    const high = picture((t) => (t < 0.5 ? [100, 100, 100, 400] : [100, 100, 100, 100]));
    const { ods, ois, curve } = edgeScores([low, high]);
    // Below 0.5: recall 1, precision 200 / 500; from there on recall 0.5, precision 1.
    expect(curve[0]).toEqual({ threshold: 0.01, recall: 1, precision: 0.4, f: 0.8 / 1.4 });
    expect(curve[98]).toMatchObject({ recall: 0.5, precision: 1 });
    expect(ois).toEqual({ f: 1, precision: 1, recall: 1 });
    // Between 0.49 and 0.5 the benchmark interpolates: the best F lies on the line from (1, 0.4) to (0.5, 1).
    const onLine = Array.from({ length: 100 }, (_, i) => {
      const [recall, precision] = [1 - (0.5 * i) / 99, 0.4 + (0.6 * i) / 99];
      return (2 * recall * precision) / (recall + precision);
    });
    expect(ods.f).toBeCloseTo(Math.max(...onLine), 12);
    expect(ods.threshold).toBeGreaterThan(0.49);
    expect(ods.threshold).toBeLessThan(0.5);
  });

  it('have as AP the area under the curve, over the recalls that it reaches', () => {
    // Precision falls from 1 to 0.5 while recall rises from 0.2 to 0.8.
    const { ap } = edgeScores([
      picture((t) => (t < 0.5 ? [80, 100, 50, 100] : t < 0.8 ? [50, 100, 75, 100] : [20, 100, 10, 10])),
    ]);
    let area = 0;
    for (let i = 20; i <= 80; i++) area += 1 - ((0.5 / 0.6) * (i - 20)) / 100;
    expect(ap).toBeCloseTo(area / 100, 9);
  });

  it('are 0 where nothing is found, or there is nothing to find', () => {
    for (const at of [
      [0, 100, 0, 0],
      [0, 0, 0, 100],
      [0, 0, 0, 0],
    ] as const) {
      const { ods, ois, ap } = edgeScores([picture(() => at)]);
      expect([ods.f, ois.f, ap]).toEqual([0, 0, 0]);
    }
  });
});
