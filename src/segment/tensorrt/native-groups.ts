import { SamwireError } from '../../errors.js';
import type { Manifest } from '../../models/manifest.js';
import type { NativePromptGroup, NativeTensorrtMask } from '../../native/types.js';
import { candidateOf, maskId } from '../candidate.js';
import type { DecoderRun } from '../decoder-runs.js';
import type { PromptResult, SegmentPrompt, SegmentRequest } from '../segmenter.js';
import type { KeptAnswer } from './kept-logits.js';

/** Planes that the device chooses by scores and logits (native/cuda/mask_task.h). */
const CHOSEN_BY_DEVICE = { 'best-score': -1, official: -2, 'best-multi': -3, stable: -4 } as const;

/** A mask that a run is to make; `plane` as in NativeMaskTask. */
export interface WantedMask {
  readonly row: number;
  readonly plane: number;
  readonly id: string;
  /** Its logits are kept for a later `refine`. */
  readonly kept: boolean;
}

/** The masks of a run, prompt by prompt. */
export function wantedMasks(
  { members }: DecoderRun<KeptAnswer>,
  { prompts, keepLogits = true }: SegmentRequest,
  mask: Manifest['mask'],
): WantedMask[] {
  return members.flatMap((index, row) => {
    const prompt = prompts[index] as SegmentPrompt;
    const kept = prompt.keepLogits ?? keepLogits;
    return planes(mask, prompt).map((plane, i) => ({ row, plane, id: maskId(prompt, i), kept }));
  });
}

/** A run in the addon's terms; `slots` says which masks keep their logits. */
export function nativeGroup(
  { group, members, starts }: DecoderRun<KeptAnswer>,
  wanted: readonly WantedMask[],
  slots: ReadonlyMap<WantedMask, KeptAnswer>,
): NativePromptGroup {
  return {
    rows: members.length,
    points: group.n,
    coords: group.coords,
    labels: group.labels,
    ...(starts.some((start) => start !== undefined)
      ? { starts: starts.map((start) => (start instanceof Float32Array ? start : (start?.slot ?? null))) }
      : {}),
    tasks: wanted.map((mask) => ({ row: mask.row, plane: mask.plane, keep: slots.get(mask)?.slot ?? -1 })),
  };
}

export interface AnsweredRun {
  readonly run: DecoderRun<KeptAnswer>;
  readonly wanted: readonly WantedMask[];
  /** `masks[i]` is `wanted[i]`. */
  readonly masks: readonly NativeTensorrtMask[];
  readonly slots: ReadonlyMap<WantedMask, KeptAnswer>;
  readonly request: SegmentRequest;
}

/** What each row's sender gets. A row that started from logits that were never written fails, and its own with it. */
export function resultsOf({ run, wanted, masks, slots, request }: AnsweredRun): PromptResult[] {
  const { frame, minScore = Number.NEGATIVE_INFINITY } = request;
  return run.starts.map((start, row) => {
    const own = wanted.flatMap((mask, i) => (mask.row === row ? [{ mask, made: masks[i] }] : []));
    if (start === undefined || start instanceof Float32Array || !start.failed)
      return {
        candidates: own.flatMap(({ made }) =>
          made && !(made.score < minScore) ? [candidateOf({ ...made, index: made.plane }, frame)] : [],
        ),
      };
    for (const { mask } of own) {
      const kept = slots.get(mask);
      if (kept) kept.failed = true;
    }
    return { error: START_FAILED.toBody() };
  });
}

const START_FAILED = new SamwireError(
  'model_failed',
  'The answer that this prompt refines could not be made; send both again.',
);

/** The candidates that answer a prompt, as chooseCandidates (src/models/candidates.ts) picks them with the scores. */
function planes(
  { single, multi }: Manifest['mask'],
  { multimask, candidate }: SegmentPrompt,
): readonly number[] {
  if (candidate !== undefined) return [candidate];
  if (multimask) return multi;
  return [typeof single === 'number' ? single : CHOSEN_BY_DEVICE[single]];
}
