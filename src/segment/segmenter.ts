import type { ErrorBody } from '../errors.js';
import type { CocoRle, LowResMask } from '../masks/types.js';
import type { NativeFrameInfo } from '../native/types.js';
import type { Box, FramePrompt } from '../prompts/types.js';

/** A prompt and how its answer is chosen: all of the family's candidates, or the family's own choice of one. */
export interface SegmentPrompt extends FramePrompt {
  readonly multimask: boolean;
  /** This candidate of the decoder, by its index, whatever the family would choose. */
  readonly candidate?: number;
  /** Where it is given, it goes before the request's. */
  readonly keepLogits?: boolean;
  /**
   * An answer on an earlier frame, whose logits are fed as `refine` feeds those of the same frame. Unlike `refine` it is
   * a wish: where the model takes no mask, or they are not held any more, the prompt goes without.
   */
  readonly previous?: KeptAnswerName;
}

/** Under which an answer's logits are kept. */
export interface KeptAnswerName {
  readonly frameId: number;
  /** The prompt's id, with `#0` … where it asked for all candidates. */
  readonly maskId: string;
}

export interface SegmentRequest {
  /** A frame that the caller holds until the promise settles. */
  readonly frame: Pick<NativeFrameInfo, 'id' | 'width' | 'height'>;
  readonly prompts: readonly SegmentPrompt[];
  /** Candidates of a lower predicted IoU are left out: no mask is made of them, where the backend can spare it. */
  readonly minScore?: number;
  /** Masks are where logits are above this, instead of the manifest's `mask.threshold`; FastSAM, whose masks have no logits, ignores it. */
  readonly threshold?: number;
  /** False: the answers' logits are not kept for a later `refine`, as those of thousands of prompts of our own. */
  readonly keepLogits?: boolean;
}

/** One mask of the frame's size, with the decoder's own grid beside it for small messages. */
export interface Candidate {
  /** Which of the decoder's candidates this is. */
  readonly index: number;
  /** Predicted IoU. */
  readonly score: number;
  /** SAM's stability score at offset 1, 0..1. */
  readonly stability: number;
  /** Pixels. */
  readonly area: number;
  /** [x1, y1, x2, y2] with exclusive x2, y2; null when the mask is empty. */
  readonly box: readonly [number, number, number, number] | null;
  readonly rle: CocoRle;
  readonly lowres: LowResMask;
}

export type PromptResult = { readonly candidates: readonly Candidate[] } | { readonly error: ErrorBody };

export interface SegmentTiming {
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
  readonly embeddingReused: boolean;
}

export interface SegmentResult {
  /** `results[i]` answers `prompts[i]`. */
  readonly results: readonly PromptResult[];
  readonly timing: SegmentTiming;
}

/** A box that a detector, or the network itself, takes for an object. */
export interface Proposal {
  /** [x1, y1, x2, y2] in source-frame pixels, within the frame. */
  readonly box: Box;
  /** The detector's confidence, 0..1. */
  readonly score: number;
}

export interface ObjectsRequest {
  /** A frame that the caller holds until the promise settles. */
  readonly frame: SegmentRequest['frame'];
  /** Objects of a lower score are left out. */
  readonly minScore?: number;
}

export interface ObjectsResult {
  /** One mask an object, the surest first; `index` is the object's place among all that were found. */
  readonly masks: readonly Candidate[];
  readonly timing: SegmentTiming;
}

export interface EdgesRequest {
  /** A frame that the caller holds until the promise settles, and over all requests for its map. */
  readonly frame: SegmentRequest['frame'];
  /** Whose masks' edges are added; each names the candidate that it is about. */
  readonly prompts: readonly (SegmentPrompt & { readonly candidate: number })[];
  /** The first request for this frame's map, which begins it. */
  readonly first: boolean;
  /** The last one, which finishes it. */
  readonly last: boolean;
}

/** How strong the edge is at each pixel, thinned to ridges. */
export interface EdgeMap {
  readonly width: number;
  readonly height: number;
  /** Rows first, 255 the strongest. */
  readonly data: Uint8Array;
}

export interface EdgesResult {
  /** Of the last request; null before. */
  readonly map: EdgeMap | null;
  /** `maskMs` is what the edges took. */
  readonly timing: SegmentTiming;
}

/** Bytes. */
export interface DeviceMemory {
  /** Free for everybody, and all there is: on an integrated GPU that is the machine's own memory. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Of buffers that this process made, engines not counted. */
  readonly buffersBytes: number;
}

/**
 * One loaded model on one device. `segment` rejects with a SamwireError (`model_failed`, `device_failed`) when the
 * whole request failed; a prompt that fails alone has an `error` among the results.
 */
export interface Segmenter {
  readonly model: string;
  readonly backend: 'onnx' | 'tensorrt';
  /** Requests that are worth handing over before the first of them is answered; they are answered in order. */
  readonly runsAtOnce: number;
  segment(request: SegmentRequest): Promise<SegmentResult>;
  /**
   * Boxes of the frame's objects, the surest first, for prompts of one's own: from the manifest's `detector` (MobileSAMv2) or
   * from the encoder's own proposals (Lite-SAM). Absent where the model has neither. Rejects as `segment` does.
   */
  readonly proposals?: (frame: SegmentRequest['frame']) => Promise<readonly Proposal[]>;
  /** All objects of the frame, for networks that find them without prompts (FastSAM); absent elsewhere. */
  readonly everything?: (request: ObjectsRequest) => Promise<ObjectsResult>;
  /**
   * The edge map of a frame, gathered over requests of a few prompts each, so that others get their turn between them.
   * Two maps can be in work; a third one ends the first (`overloaded`). Absent where logits do not come to the CPU
   * (TensorRT), and where the network takes no prompts (FastSAM). Rejects as `segment` does, also for a prompt that
   * the model can't take.
   */
  readonly edges?: (request: EdgesRequest) => Promise<EdgesResult>;
  /** Of the GPU that it runs on; absent where it runs on none. Rejects as `segment` does. */
  readonly deviceMemory?: () => Promise<DeviceMemory>;
  close(): Promise<void>;
}
