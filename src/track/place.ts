import type { Box } from '../prompts/types.js';

/** The frame that a mask lies in, px. */
export interface FrameSides {
  readonly width: number;
  readonly height: number;
}

/** A box by its middle and sides, px; it may lie partly or wholly outside of the frame. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function placeOf([x1, y1, x2, y2]: Box): Place {
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, width: x2 - x1, height: y2 - y1 };
}

/** The part of a place that lies in the frame; null where it has no pixel there. */
export function boxWithin({ x, y, width, height }: Place, frame: FrameSides): Box | null {
  const x1 = Math.max(0, x - width / 2);
  const y1 = Math.max(0, y - height / 2);
  const x2 = Math.min(frame.width, x + width / 2);
  const y2 = Math.min(frame.height, y + height / 2);
  return x2 - x1 >= 1 && y2 - y1 >= 1 ? [x1, y1, x2, y2] : null;
}

/** How much of a place lies in the frame, 0..1. */
export function shareWithin(place: Place, frame: FrameSides): number {
  const within = boxWithin(place, frame);
  return within ? boxArea(within) / (place.width * place.height) : 0;
}

export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

export function boxIou(a: Box, b: Box): number {
  const shared = boxArea([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  const union = boxArea(a) + boxArea(b) - shared;
  return union > 0 ? shared / union : 0;
}
