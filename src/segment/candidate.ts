import type { NativeMask, NativeTensorrtMask } from '../native/types.js';
import type { Candidate, SegmentPrompt, SegmentRequest } from './segmenter.js';

export interface CandidateParts {
  /** Which of the decoder's candidates. */
  readonly index: number;
  /** Predicted IoU, as the decoder gave it. */
  readonly score: number;
  readonly mask: NativeMask;
  readonly lowres: NativeTensorrtMask['lowres'];
}

/** A mask as the rest of the service sees it, from whichever backend it came. */
export function candidateOf(
  { index, score, mask, lowres }: CandidateParts,
  frame: SegmentRequest['frame'],
): Candidate {
  return {
    index,
    score,
    stability: mask.stability,
    area: mask.area,
    box: mask.box,
    rle: { size: [frame.height, frame.width], counts: mask.counts },
    lowres,
  };
}

/** The id of a prompt's i-th mask: `cup`, or `cup#0` where all candidates are wanted. */
export function maskId({ id, multimask }: SegmentPrompt, i: number): string {
  return multimask ? `${id}#${i}` : id;
}
