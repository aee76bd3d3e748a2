import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { Box } from '../prompts/types.js';
import type {
  Candidate,
  Segmenter,
  SegmentRequest,
  SegmentResult,
  SegmentTiming,
} from '../segment/segmenter.js';

export const STRATEGIES = ['grid', 'hierarchical', 'boxes'] as const;
/** How the prompts of "segment everything" are chosen: docs/everything.md. */
export type Strategy = (typeof STRATEGIES)[number];

/** How everything of a picture is found. Names of SamAutomaticMaskGenerator's parameters are in brackets. */
export interface EverythingOptions {
  readonly strategy: Strategy;
  /** Points a side of the finest grid [points_per_side]. */
  readonly grid: number;
  /** Layers of crops beside the whole picture; layer i has 4^i crops [crop_n_layers]. */
  readonly cropLayers: number;
  /** Overlap of the first layer's crops, as a part of the shorter side, 0..1 [crop_overlap_ratio]. */
  readonly cropOverlap: number;
  /** Points a side of layer i are those of the picture over this to the power of i [crop_n_points_downscale_factor]. */
  readonly cropPointsDownscale: number;
  /** Masks with a predicted IoU up to this are dropped; 0: none is [pred_iou_thresh]. */
  readonly minScore: number;
  /** Masks that are less stable (offset 1) are dropped; 0: none is [stability_score_thresh]. */
  readonly minStability: number;
  /** `hierarchical` by TinySAM's own rule, with this level of the logits [high_score_thresh]; null: by what is found. */
  readonly confidentLogit: number | null;
  /** Of two masks of a crop whose boxes' IoU is above this, the one of lower score is dropped [box_nms_thresh]. */
  readonly nmsIou: number;
  /** The same between crops, where the mask of the smaller crop stays [crop_nms_thresh]. */
  readonly cropNmsIou: number;
  /** Holes are filled and islands removed that have fewer pixels; 0: none is [min_mask_region_area]. */
  readonly minRegionArea: number;
  /** `boxes`: these, in source pixels, instead of the model's own proposals. */
  readonly boxes?: readonly Box[];
  /** The most masks of an answer, the first in the generator's order; null: all. */
  readonly maxMasks: number | null;
}

/** SamAutomaticMaskGenerator's defaults, which its authors chose for SAM with a ViT-H. */
export const EVERYTHING_DEFAULTS: EverythingOptions = {
  strategy: 'grid',
  grid: 32,
  cropLayers: 0,
  cropOverlap: 512 / 1500,
  cropPointsDownscale: 1,
  minScore: 0.88,
  minStability: 0.95,
  confidentLogit: null,
  nmsIou: 0.7,
  cropNmsIou: 0.7,
  minRegionArea: 0,
  maxMasks: null,
};

/** A mask that was found, in the frame's coordinates whatever crop it comes from. */
export interface EverythingMask extends Candidate {
  /** The point that it was prompted with, in source pixels; null where it was no point. */
  readonly point: readonly [x: number, y: number] | null;
  /** The box that it was prompted with, in source pixels; null where it was no box. */
  readonly promptBox: Box | null;
  /** The crop that it was found in, exclusive x2, y2: the whole frame where there are no crops. */
  readonly cropBox: Box;
}

export interface EverythingResult {
  /** In the order of the official generator: the best scores first; smaller crops first where there are crops. */
  readonly masks: readonly EverythingMask[];
  /** Prompts that the decoder was given. */
  readonly prompts: number;
  /** Calls of `segment`. */
  readonly runs: number;
  /** Sums over all runs; `embeddingReused` is true where nothing was encoded. */
  readonly timing: SegmentTiming;
}

export interface EverythingProgress {
  /** Prompts decoded. */
  readonly done: number;
  /** Prompts to decode as far as is known by now: later rounds may add some. */
  readonly total: number;
}

export type EverythingFrame = Pick<NativeFrameInfo, 'id' | 'width' | 'height'>;

export type EverythingAddon = Pick<
  NativeAddon,
  | 'cropFrame'
  | 'releaseFrame'
  | 'uncropRle'
  | 'sampleRle'
  | 'removeSmallRegions'
  | 'rleContains'
  | 'rleIouMatrix'
>;

export interface EverythingRequest {
  /** Held by the caller until the promise settles. */
  readonly frame: EverythingFrame;
  /** The segmenter's own `segment`, or one that lets others go first. */
  readonly segment: (request: SegmentRequest) => Promise<SegmentResult>;
  /** The model's own, where it has them: prompts of the strategy `boxes`. */
  readonly proposals?: Segmenter['proposals'];
  /** The model's own, where it finds all objects without prompts: it is used whatever the strategy. */
  readonly everything?: Segmenter['everything'];
  readonly addon: EverythingAddon;
  readonly options: EverythingOptions;
  /** Prompts handed to one call of `segment`; what is held of their logits grows with it. */
  readonly promptsPerRun?: number;
  /** Stops between two runs; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EverythingProgress) => void;
}
