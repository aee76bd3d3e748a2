import { describe, expect, it } from 'vitest';
import { chooseCandidates, gridStability } from '../../src/models/candidates.js';
import type { MaskBlock } from '../../src/models/manifest.js';

const IOU = Float32Array.of(0.9, 0.2, 0.8, 0.3);
const MULTI = [1, 2, 3];

type Mask = Pick<MaskBlock, 'single' | 'multi' | 'stability'>;

function choose(
  mask: Mask,
  iou: ArrayLike<number>,
  options: { n?: number; multimask?: boolean; first?: readonly number[] } = {},
): readonly number[] {
  const { n = 2, multimask = false, first = [] } = options;
  const logits = (candidate: number) => {
    if (candidate !== 0) throw new Error('only candidate 0 is looked at');
    return Float32Array.from(first);
  };
  return chooseCandidates({ mask, iou, n, multimask, logits });
}

describe('the answer to a prompt', () => {
  it('is the token that the manifest names', () => {
    expect(choose({ single: 2, multi: MULTI }, IOU)).toEqual([2]);
  });

  it('is the best score of all candidates', () => {
    const mask = { single: 'best-score', multi: MULTI } as const;
    expect(choose(mask, IOU)).toEqual([0]);
    expect(choose(mask, [0.1, 0.2, 0.3, 0.9])).toEqual([3]);
  });

  it('is the best score of the multimask candidates alone, however good another one is', () => {
    expect(choose({ single: 'best-multi', multi: MULTI }, IOU)).toEqual([2]);
    expect(choose({ single: 'best-multi', multi: [1, 3] }, IOU)).toEqual([3]);
  });

  it("is by SAM's own rule the best of the others up to two points, and candidate 0 beyond", () => {
    const mask = { single: 'official', multi: MULTI } as const;
    expect(choose(mask, IOU)).toEqual([2]);
    expect(choose(mask, [0.1, 0.2, 0.8, 0.3], { n: 3 })).toEqual([0]);
  });

  it('is by SAM 2’s rule candidate 0 while that is stable, else the best of the others', () => {
    const mask: Mask = { single: 'stable', multi: MULTI, stability: { delta: 0.05, threshold: 0.5 } };
    // Two of four cells are sure: exactly the threshold.
    expect(choose(mask, [0.1, 0.2, 0.8, 0.3], { first: [1, 0.06, 0.04, -0.04, -1] })).toEqual([0]);
    expect(choose(mask, [0.9, 0.2, 0.8, 0.3], { first: [1, 0.05, 0.04, -0.04, -1] })).toEqual([2]);
  });

  it("is each of the multimask candidates, in the manifest's order, when all are asked for", () => {
    expect(choose({ single: 0, multi: [3, 1] }, IOU, { multimask: true })).toEqual([3, 1]);
  });

  it('does not follow a score that is no number', () => {
    const mask = { single: 'best-score', multi: MULTI } as const;
    expect(choose(mask, [Number.NaN, 0.1, 0.2])).toEqual([2]);
    expect(choose(mask, [Number.NaN])).toEqual([0]);
    expect(choose({ single: 'best-multi', multi: MULTI }, [0.9, Number.NaN, 0.1, 0.05])).toEqual([2]);
  });
});

describe('the stability of a candidate on the decoder’s grid', () => {
  it('is the share of sure cells among those that are not surely outside', () => {
    expect(gridStability([1, 1, 0.01, -0.01, -1], 0.05)).toBe(0.5);
  });

  it('counts a logit of delta itself as unsure on both sides', () => {
    const delta = Math.fround(0.05);
    expect(gridStability(Float32Array.of(delta, -delta, 1), 0.05)).toBe(0.5);
  });

  it('is 1 for a mask of nothing', () => {
    expect(gridStability([-1, -2], 0.05)).toBe(1);
  });
});
