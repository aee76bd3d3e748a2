import { describe, expect, it } from 'vitest';
import { boxNms } from '../../src/segment/box-nms.js';

describe('box NMS', () => {
  it('keeps the better of two that overlap by more than the limit, the best first', () => {
    const boxes = [
      [0, 0, 10, 10],
      [0, 0, 10, 9],
      [20, 20, 30, 30],
    ] as const;
    expect(boxNms({ boxes, scores: [0.8, 0.9, 0.95], iou: 0.7 })).toEqual([2, 1]);
    expect(boxNms({ boxes, scores: [0.8, 0.9, 0.95], iou: 0.9 })).toEqual([2, 1, 0]);
  });

  it('keeps the earlier of two with equal scores', () => {
    const boxes = [
      [0, 0, 10, 10],
      [0, 0, 10, 10],
    ] as const;
    expect(boxNms({ boxes, scores: [0.5, 0.5], iou: 0.7 })).toEqual([0]);
  });

  it('lets a box that is gone suppress nothing', () => {
    const boxes = [
      [0, 0, 10, 10],
      [3, 0, 13, 10],
      [6, 0, 16, 10],
    ] as const;
    expect(boxNms({ boxes, scores: [0.9, 0.8, 0.7], iou: 0.5 })).toEqual([0, 2]);
  });

  it('holds a float32 IoU against the limit, as torchvision does', () => {
    // 7 / 10 is 0.7 as a double, and a bit less as a float32: both are not above 0.7. 0.3 as a float32 is above 0.3.
    const seven = [
      [0, 0, 10, 1],
      [0, 0, 7, 1],
    ] as const;
    const three = [
      [0, 0, 10, 1],
      [0, 0, 3, 1],
    ] as const;
    expect(boxNms({ boxes: seven, scores: [1, 0], iou: 0.7 })).toEqual([0, 1]);
    expect(boxNms({ boxes: three, scores: [1, 0], iou: 0.3 })).toEqual([0]);
  });

  it('lets boxes without area be: their IoU is not a number', () => {
    const boxes = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ] as const;
    expect(boxNms({ boxes, scores: [1, 1], iou: 0.7 })).toEqual([0, 1]);
  });

  it('lets boxes of different classes be', () => {
    const boxes = [
      [0, 0, 10, 10],
      [0, 0, 10, 10],
      [0, 0, 10, 10],
    ] as const;
    expect(boxNms({ boxes, scores: [0.5, 0.6, 0.7], iou: 0.7, classes: [0, 1, 0] })).toEqual([2, 1]);
  });

  it('stops at its limit', () => {
    const boxes = Array.from({ length: 50 }, (_, i) => [20 * i, 0, 20 * i + 10, 10] as const);
    const scores = boxes.map((_, i) => i);
    expect(boxNms({ boxes, scores, iou: 0.7, limit: 3 })).toEqual([49, 48, 47]);
  });
});
