import type { CocoRle, MaskDepth } from '../masks/types.js';
import type { NativeFrameInfo } from '../native/types.js';

/**
 * The depth of a frame's masks: null where no pixel of the mask has one, undefined where no depth picture belongs to
 * the frame.
 */
export type DepthMeter = (rle: CocoRle) => MaskDepth | null | undefined;

/** What the pipeline asks of a camera's depth. */
export interface FrameDepth {
  /** For a frame with a handle. */
  meter(frame: NativeFrameInfo): DepthMeter;
}

export interface DepthCounts {
  /** Answers with and without a depth picture. */
  readonly matched: number;
  readonly missed: number;
}

/** What a camera asks of its depth. */
export interface CameraDepth extends FrameDepth {
  start(): void;
  /** The frame, which has a handle, keeps the nearest depth picture from now on. */
  link(frame: NativeFrameInfo): void;
  /** As `request/info` tells it. */
  readonly state: object;
  /** As `<base>/stats` tells them. */
  stats(): DepthCounts;
  restart(): Promise<void>;
  close(): Promise<void>;
}
