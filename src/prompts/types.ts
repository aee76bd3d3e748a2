import type { CocoRle } from '../masks/types.js';

/** A point of a prompt in source-frame pixels (SAM's convention: the leftmost column has x = 0). */
export interface PromptPoint {
  readonly x: number;
  readonly y: number;
  /** 1 foreground, 0 background. */
  readonly label: 0 | 1;
}

/** [x1, y1, x2, y2] in source-frame pixels. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * A prompt that has been validated against its frame: coordinates are finite, in source-frame pixels, the box
 * is clipped to the frame and not empty. It has at least one point, a box or a mask.
 */
export interface FramePrompt {
  readonly id: string;
  readonly label?: string;
  readonly points: readonly PromptPoint[];
  readonly box?: Box;
  /** A binary mask of the frame's size, to start from. */
  readonly mask?: CocoRle;
  /** The id of an earlier answer on the same frame whose low-res logits are fed back. */
  readonly refine?: string;
}
