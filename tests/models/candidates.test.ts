import { describe, expect, it } from 'vitest';
import { chooseCandidates } from '../../src/models/candidates.js';

const IOU = Float32Array.of(0.9, 0.2, 0.8, 0.3);
const MULTI = [1, 2, 3];

describe('the answer to a prompt', () => {
  it('is the token that the manifest names', () => {
    expect(chooseCandidates({ mask: { single: 2, multi: MULTI }, iou: IOU, n: 2, multimask: false })).toEqual(
      [2],
    );
  });

  it('is the best score of all candidates', () => {
    const mask = { single: 'best-score', multi: MULTI } as const;
    expect(chooseCandidates({ mask, iou: IOU, n: 2, multimask: false })).toEqual([0]);
    expect(chooseCandidates({ mask, iou: [0.1, 0.2, 0.3, 0.9], n: 2, multimask: false })).toEqual([3]);
  });

  it("is by SAM's own rule the best of the others up to two points, and candidate 0 beyond", () => {
    const mask = { single: 'official', multi: MULTI } as const;
    expect(chooseCandidates({ mask, iou: IOU, n: 2, multimask: false })).toEqual([2]);
    expect(chooseCandidates({ mask, iou: [0.1, 0.2, 0.8, 0.3], n: 3, multimask: false })).toEqual([0]);
  });

  it("is each of the multimask candidates, in the manifest's order, when all are asked for", () => {
    const mask = { single: 0, multi: [3, 1] };
    expect(chooseCandidates({ mask, iou: IOU, n: 2, multimask: true })).toEqual([3, 1]);
  });

  it('does not follow a score that is no number', () => {
    const mask = { single: 'best-score', multi: MULTI } as const;
    expect(chooseCandidates({ mask, iou: [Number.NaN, 0.1, 0.2], n: 2, multimask: false })).toEqual([2]);
    expect(chooseCandidates({ mask, iou: [Number.NaN], n: 2, multimask: false })).toEqual([0]);
  });
});
