import { SamwireError } from '../errors.js';
import type { ModelContract } from '../models/contract.js';
import { maskSpec } from '../models/geometry.js';
import type { Manifest } from '../models/manifest.js';
import type { NativeAddon } from '../native/types.js';
import { decoderInputs, feedsMask, type PromptGroup } from '../prompts/decoder-inputs.js';
import type { KeptAnswerName, SegmentPrompt, SegmentRequest } from './segmenter.js';

/** Answers whose logits are kept for `refine`, 256 kB each with a grid of 256 × 256. */
export const LOGITS_KEPT = 64;
/** Logits that a mask prompt is fed as: sure, and far from what FP16 or a sigmoid saturates at. */
const MASK_LOGIT = 10;

/** One run of the decoder. `Kept` is how the backend holds an earlier answer's logits. */
export interface DecoderRun<Kept> {
  readonly group: PromptGroup;
  /** Which of the request's prompts each row is. */
  readonly members: readonly number[];
  /** What each row starts from: the logits of a mask, an earlier answer, or nothing. */
  readonly starts: readonly (Float32Array | Kept | undefined)[];
}

export interface DecoderRuns<Kept> {
  readonly runs: readonly DecoderRun<Kept>[];
  /** By index: prompts that fail alone, before the model has seen them. */
  readonly failed: ReadonlyMap<number, SamwireError>;
}

export interface DecoderRunsRequest<Kept> extends SegmentRequest {
  readonly model: { readonly manifest: Manifest; readonly contract: ModelContract };
  readonly addon: Pick<NativeAddon, 'rleToLogits'>;
  /** The most prompts of a run. */
  readonly maxBatch: number;
  /** The logits of an earlier answer. */
  readonly kept: (answer: KeptAnswerName) => Kept | undefined;
}

/** Sorts a request's prompts into runs of the decoder, whatever it runs on. */
export function decoderRuns<Kept>(request: DecoderRunsRequest<Kept>): DecoderRuns<Kept> {
  const { frame, model, maxBatch } = request;
  const { manifest, contract } = model;
  const failed = new Map<number, SamwireError>();
  const starts = new Map<number, Float32Array | Kept>();
  const takesMask = contract.decoder.inputs.maskInput !== undefined;
  const prompts = request.prompts.map((prompt, index) => {
    const kept = takesMask && prompt.previous !== undefined ? request.kept(prompt.previous) : undefined;
    if (kept === undefined || feedsMask(prompt)) return prompt;
    starts.set(index, kept);
    return { ...prompt, refine: prompt.previous?.maskId ?? '' };
  });
  for (const [index, prompt] of prompts.entries()) {
    if (!takesMask || !feedsMask(prompt) || starts.has(index)) continue;
    try {
      starts.set(index, start(prompt, request));
    } catch (thrown) {
      if (!(thrown instanceof SamwireError)) throw thrown;
      failed.set(index, thrown);
    }
  }
  const usable = [...prompts.keys()].filter((index) => !failed.has(index));
  const { groups, refused } = decoderInputs({
    prompts: usable.map((index) => prompts[index] as SegmentPrompt),
    frame,
    manifest,
    decoder: contract.decoder,
    maxBatch,
  });
  for (const { index, error } of refused) failed.set(usable[index] as number, error);
  const runs = groups.map((group) => {
    const members = group.promptIndices.map((index) => usable[index] as number);
    return { group, members, starts: members.map((index) => starts.get(index)) };
  });
  return { runs, failed };
}

function start<Kept>(prompt: SegmentPrompt, request: DecoderRunsRequest<Kept>): Float32Array | Kept {
  const { frame, model, addon } = request;
  if (prompt.refine !== undefined) {
    const kept = request.kept({ frameId: frame.id, maskId: prompt.refine });
    if (kept !== undefined) return kept;
    throw new SamwireError(
      'invalid_message',
      `Prompt "${prompt.id}" refines "${prompt.refine}", but no answer of that id on the same frame is held. Name the frame of the first answer by its seq, and refine within the camera's historyMs.`,
    );
  }
  const { decoder } = model.contract;
  const out = new Float32Array(decoder.grid.width * decoder.grid.height);
  addon.rleToLogits(prompt.mask?.counts ?? '', maskSpec(model.manifest, decoder, frame), MASK_LOGIT, out);
  return out;
}
