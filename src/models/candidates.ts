import type { MaskBlock } from './manifest.js';

export interface CandidateChoice {
  readonly mask: Pick<MaskBlock, 'single' | 'multi'>;
  /** Predicted IoU of each of the decoder's candidates. */
  readonly iou: ArrayLike<number>;
  /** Points that the decoder was fed for this prompt: N, corners and padding point included. */
  readonly n: number;
  readonly multimask: boolean;
}

/**
 * Which of the decoder's candidates answer a prompt: those of `mask.multi` with multimask, else the one of
 * `mask.single`: that token's; `best-score`: the highest predicted IoU of all; `official`: as SAM's own single-mask
 * export (SamOnnxModel.select_masks) picks, which adds (N − 2.5) · 1000 to the score of candidate 0, so that up to two
 * points get the best of the others and more get candidate 0.
 */
export function chooseCandidates({ mask, iou, n, multimask }: CandidateChoice): readonly number[] {
  if (multimask) return mask.multi;
  if (typeof mask.single === 'number') return [mask.single];
  const advantage = mask.single === 'official' ? (n - 2.5) * 1000 : 0;
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < iou.length; index++) {
    const score = (iou[index] ?? Number.NaN) + (index === 0 ? advantage : 0);
    if (score > bestScore) {
      best = index;
      bestScore = score;
    }
  }
  return [best];
}
