import { describe, expect, it } from 'vitest';
import { evalReport } from '../../src/eval/report.js';
import type { MaskScore, PictureRecord } from '../../src/eval/types.js';

const score = (iou: number, area: number, category = 'cup', more: Partial<MaskScore> = {}): MaskScore => ({
  annotation: 1,
  category,
  area,
  iou,
  ...more,
});
const picture = (scores: readonly MaskScore[], encodeMs: number, decodeMs: number): PictureRecord => ({
  image: 1,
  file: 'a.jpg',
  scores,
  empty: 0,
  encodeMs,
  decodeMs,
});
const report = (records: readonly PictureRecord[], prompt: 'box' | 'point' = 'box') =>
  evalReport({ model: 'm', backend: 'onnx', prompt, records, crowds: 2 });

describe('the report of an evaluation', () => {
  it('means over masks, by size as COCO bounds them and by category', () => {
    const { count, mIoU, counts, byCategory } = report([
      picture([score(0.2, 1023.9), score(0.4, 1024), score(0.9, 9216, 'car')], 10, 6),
      picture([score(0.6, 9215)], 10, 6),
    ]);
    expect(count).toBe(4);
    expect(mIoU).toEqual({ all: 0.525, small: 0.2, medium: 0.5, large: 0.9 });
    expect(counts).toEqual({ small: 1, medium: 2, large: 1 });
    expect(byCategory).toEqual({ cup: { mIoU: 0.4, count: 3 }, car: { mIoU: 0.9, count: 1 } });
  });

  it('has no mean where there is no mask', () => {
    const { mIoU, latencyMs, throughput } = report([{ image: 1, file: 'a', skipped: 'it is missing' }]);
    expect(mIoU).toEqual({ all: null, small: null, medium: null, large: null });
    expect(latencyMs).toEqual({ encode: null, decode: null });
    expect(throughput).toEqual({ imagesPerSecond: null, promptsPerSecond: null });
  });

  it('measures a picture once and a prompt by its share of the batch', () => {
    const pictures = Array.from({ length: 20 }, (_, i) =>
      picture([score(1, 5), score(1, 5)], 100 + i, 20 + 2 * i),
    );
    const { latencyMs, throughput } = report(pictures);
    expect(latencyMs).toEqual({ encode: { p50: 109, p95: 118 }, decode: { p50: 19, p95: 28 } });
    expect(throughput).toEqual({ imagesPerSecond: 6.73, promptsPerSecond: 13.47 });
  });

  it('tells what was left out and what failed', () => {
    const { skipped, failed, mIoU, images } = report([
      {
        ...picture([score(0, 5, 'cup', { failed: 'too many points' }), score(1, 5)], 1, 1),
        empty: 3,
      } as PictureRecord,
      { image: 2, file: 'b.jpg', skipped: 'it is missing' },
    ]);
    expect(images).toBe(1);
    expect(skipped).toEqual({
      crowds: 2,
      emptyMasks: 3,
      images: [{ file: 'b.jpg', reason: 'it is missing' }],
    });
    expect(failed).toEqual({ count: 1, first: 'too many points' });
    expect(mIoU.all).toBe(0.5);
  });

  it('has the mean of the best candidates with point prompts only', () => {
    const records = [
      picture([score(0.2, 5, 'cup', { oracle: 0.5 }), score(0.4, 5, 'cup', { oracle: 0.8 })], 1, 1),
    ];
    expect(report(records, 'point').oracleMIoU).toBe(0.65);
    expect(report(records)).not.toHaveProperty('oracleMIoU');
  });
});
