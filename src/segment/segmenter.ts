import type { ErrorBody } from '../errors.js';
import type { MaskEncoding, MaskItem } from '../masks/types.js';
import type { NativeFrameInfo } from '../native/types.js';
import type { FramePrompt } from '../prompts/types.js';

export interface SegmentRequest {
  /** A frame that the caller holds until the promise settles. */
  readonly frame: NativeFrameInfo;
  readonly prompts: readonly FramePrompt[];
  /** All of the family's candidates instead of its own choice. */
  readonly multimask: boolean;
  readonly encodings: readonly MaskEncoding[];
}

export interface SegmentTiming {
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
  readonly embeddingReused: boolean;
}

/** In the prompts' order; with `multimask`, each prompt's candidates follow one another as `id#0`, `id#1`, … */
export type SegmentedMask = MaskItem | { readonly id: string; readonly error: ErrorBody };

export interface SegmentResult {
  readonly masks: readonly SegmentedMask[];
  readonly timing: SegmentTiming;
}

/**
 * One loaded model on one device. `segment` throws a SamwireError (`model_failed`, `device_failed`) when the whole
 * request failed; a prompt that fails alone stands among the masks.
 */
export interface Segmenter {
  readonly model: string;
  readonly backend: 'onnx' | 'tensorrt';
  readonly maxPrompts: number;
  segment(request: SegmentRequest): Promise<SegmentResult>;
  close(): Promise<void>;
}
