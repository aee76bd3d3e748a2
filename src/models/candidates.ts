import type { MaskBlock } from './manifest.js';

export interface CandidateChoice {
  readonly mask: Pick<MaskBlock, 'single' | 'multi' | 'stability'>;
  /** Predicted IoU of each of the decoder's candidates. */
  readonly iou: ArrayLike<number>;
  /** Points that the decoder was fed for this prompt: N, corners and padding point included. */
  readonly n: number;
  readonly multimask: boolean;
  /** A candidate's logits on the decoder's grid. */
  readonly logits: (candidate: number) => ArrayLike<number>;
}

/**
 * Which of the decoder's candidates answer a prompt: those of `mask.multi` with multimask, else the one of
 * `mask.single`:
 * - that token's;
 * - `best-score`: the highest predicted IoU of all;
 * - `best-multi`: the highest predicted IoU of `mask.multi` (TinySAM's predictor gives candidates 1 to 3 only);
 * - `official`: as SAM's own single-mask export (SamOnnxModel.select_masks) picks, which adds (N − 2.5) · 1000 to the
 *   score of candidate 0, so that up to two points get the best of the others and more get candidate 0;
 * - `stable`: candidate 0 where its stability is at least the threshold, else as `best-multi`
 *   (MaskDecoder._dynamic_multimask_via_stability of SAM 2).
 */
export function chooseCandidates({ mask, iou, n, multimask, logits }: CandidateChoice): readonly number[] {
  const { single, multi, stability } = mask;
  if (multimask) return multi;
  if (typeof single === 'number') return [single];
  const every = Array.from({ length: iou.length }, (_, index) => index);
  const several = every.filter((index) => multi.includes(index));
  switch (single) {
    case 'best-score':
      return [best(every, iou)];
    case 'best-multi':
      return [best(several, iou)];
    case 'official':
      return [best(every, iou, (n - 2.5) * 1000)];
    case 'stable': {
      if (stability === undefined)
        throw new Error('mask.stability is missing, which the manifest was checked for');
      const stable = gridStability(logits(0), stability.delta) >= Math.fround(stability.threshold);
      return [stable ? 0 : best(several, iou)];
    }
  }
}

/**
 * Stability of a candidate on the decoder's own grid: cells above `delta` over cells above `-delta`, in FP32 as
 * MaskDecoder._get_stability_scores; 1 where no cell is above `-delta`.
 */
export function gridStability(logits: ArrayLike<number>, delta: number): number {
  const above = Math.fround(delta);
  let [inner, outer] = [0, 0];
  for (let i = 0; i < logits.length; i++) {
    const value = logits[i] ?? Number.NaN;
    if (value > above) inner++;
    if (value > -above) outer++;
  }
  return outer > 0 ? Math.fround(inner / outer) : 1;
}

/** The first of the greatest scores; a score that is no number is never the best. */
function best(indices: readonly number[], iou: ArrayLike<number>, advantageOfFirst = 0): number {
  let found = indices[0] ?? 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const index of indices) {
    const score = (iou[index] ?? Number.NaN) + (index === 0 ? advantageOfFirst : 0);
    if (score > bestScore) {
      found = index;
      bestScore = score;
    }
  }
  return found;
}
