import { chooseCandidates } from '../../models/candidates.js';
import type { MaskBlock } from '../../models/manifest.js';
import type { NativeAddon, NativeMaskSpec } from '../../native/types.js';
import { candidateOf } from '../candidate.js';
import type { Candidate, SegmentPrompt, SegmentRequest } from '../segmenter.js';

/** A prompt's candidates as a network gave them. */
export interface Decoded {
  /** Points fed for this prompt, N. */
  readonly n: number;
  /** [candidates, grid height, grid width]. */
  readonly logits: Float32Array;
  /** [candidates]. */
  readonly iou: Float32Array;
}

export interface AnswerOptions {
  readonly prompt: SegmentPrompt;
  readonly decoded: Decoded;
  readonly mask: MaskBlock;
  readonly spec: NativeMaskSpec;
  readonly frame: SegmentRequest['frame'];
  readonly minScore?: number | undefined;
  readonly addon: Pick<NativeAddon, 'masksFromLogits' | 'lowResMask'>;
  /** Is told the logits of each mask that answers, in order. */
  readonly onLogits?: (i: number, logits: Float32Array) => void;
}

/** The masks that answer a prompt: the candidates that it, or the manifest, chooses, but those below `minScore`. */
export function answerOf(options: AnswerOptions): Candidate[] {
  const { prompt, decoded, mask, spec, frame, addon, onLogits } = options;
  const minScore = options.minScore ?? Number.NEGATIVE_INFINITY;
  const { logits, iou, n } = decoded;
  const plane = spec.gridWidth * spec.gridHeight;
  const logitsOf = (index: number): Float32Array => logits.subarray(index * plane, (index + 1) * plane);
  const chosen =
    prompt.candidate === undefined
      ? chooseCandidates({ mask, iou, n, multimask: prompt.multimask, logits: logitsOf })
      : [prompt.candidate];
  const indices = chosen.filter((index) => !((iou[index] ?? Number.NaN) < minScore));
  if (indices.length === 0) return [];
  return addon.masksFromLogits(logits, spec, indices).map((made, i) => {
    const index = indices[i] as number;
    onLogits?.(i, logitsOf(index));
    const lowres = addon.lowResMask(logits, spec, index);
    return candidateOf({ index, score: iou[index] ?? Number.NaN, mask: made, lowres }, frame);
  });
}
