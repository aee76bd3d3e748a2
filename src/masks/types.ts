import type { ErrorBody } from '../errors.js';

export const MASK_SOURCES = ['prompt', 'detections', 'track', 'everything', 'job'] as const;
export type MaskSource = (typeof MASK_SOURCES)[number];

export const MASK_ENCODINGS = ['rle', 'polygons', 'png', 'lowres'] as const;
export type MaskEncoding = (typeof MASK_ENCODINGS)[number];

/** COCO run-length encoding: `size` is [height, width], `counts` the compressed, column-major string. */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
}

/** One contour with its holes; coordinates are x,y pairs along pixel edges, in source-frame pixels. */
export interface Polygon {
  readonly outer: readonly number[];
  readonly holes: readonly (readonly number[])[];
}

/** The decoder's own grid, thresholded and cropped to the frame's part; `scale` is source pixels per cell [x, y]. */
export interface LowResMask {
  readonly size: readonly [height: number, width: number];
  readonly counts: string;
  readonly scale: readonly [x: number, y: number];
}

/** One mask of a masks message (docs/mqtt.md). `box` is [x1,y1,x2,y2] with exclusive x2, y2; null when empty. */
export interface MaskItem {
  readonly id: string;
  readonly label?: string;
  /** The model's predicted IoU. */
  readonly score: number;
  /** SAM's stability score at offset 1: IoU of the mask at threshold+1 and at threshold-1, 0..1. */
  readonly stability: number;
  /** Pixels. */
  readonly area: number;
  readonly box: readonly [number, number, number, number] | null;
  /** Mean of the mask's pixel centres [x, y], source-frame pixels; null when the mask is empty. */
  readonly centroid: readonly [x: number, y: number] | null;
  /** The detector's own score of what this mask was made from, 0..1, where it gave one. */
  readonly confidence?: number;
  /** Of a followed object. */
  readonly track?: TrackInfo;
  /** Where the camera has depth: null when no pixel of the mask has a depth. */
  readonly depth?: MaskDepth | null;
  readonly rle?: CocoRle;
  readonly polygons?: readonly Polygon[];
  /** Base64 of a 1-bit PNG, cropped to `box`. */
  readonly png?: string;
  readonly lowres?: LowResMask;
}

/** How a followed object stands in this frame. */
export interface TrackInfo {
  /** `occluded`: not found in this frame, and looked for in the next; its mask is empty. */
  readonly state: 'tracked' | 'occluded';
  /** Since its first mask, ms of capture time. */
  readonly ageMs: number;
}

export const TRACK_ENDS = ['removed', 'expired', 'lost', 'left'] as const;

/** A track that ended with this message: it was removed, its `ttlMs` passed, it was not found again, or it left the frame. */
export interface EndedTrack {
  readonly id: string;
  readonly reason: (typeof TRACK_ENDS)[number];
}

/** Depth over a mask, from the camera's depth picture. */
export interface MaskDepth {
  /** Median over the mask's pixels that have a depth, metres along the optical axis. */
  readonly median: number;
  /** Share of the mask's pixels that have a depth, 0..1. */
  readonly coverage: number;
  /** Mean of the mask's 3-D points, metres, in the depth camera's optical frame: x right, y down, z forward. */
  readonly centroid: readonly [x: number, y: number, z: number];
  /** Capture time of the depth picture minus that of the frame. */
  readonly skewMs: number;
}

/** A prompt that failed alone, in the place of its mask. */
export interface FailedMaskItem {
  readonly id: string;
  readonly error: ErrorBody;
}

/** Where the milliseconds of an answer went; the stages sum to `captureToPublishMs`. */
export interface Timing {
  readonly ageMs: number;
  readonly queueMs: number;
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
  readonly publishMs: number;
  readonly captureToPublishMs: number;
  readonly embeddingReused: boolean;
}

export interface MasksMessage {
  readonly requestId?: string;
  readonly jobId?: string;
  readonly node?: string;
  readonly source: MaskSource;
  readonly camera: string | null;
  readonly frame: {
    readonly seq: number;
    /** Capture time, ms since the Unix epoch. */
    readonly timestamp: number;
    readonly width: number;
    readonly height: number;
    readonly skewMs: number;
  };
  readonly masks: readonly (MaskItem | FailedMaskItem)[];
  /** Tracks that ended since the camera's last masks message of tracks. */
  readonly ended?: readonly EndedTrack[];
  readonly model: string;
  readonly backend: 'onnx' | 'tensorrt';
  readonly timing: Timing;
  /** Set when the message was made smaller to fit the broker's packet size: the encoding it fell back to. */
  readonly degraded?: 'lowres' | 'none';
  /** Masks, the smallest ones, that were left out because not even their boxes fitted: of `everything` only. */
  readonly omitted?: number;
}
