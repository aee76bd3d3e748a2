import type { Box } from '../prompts/types.js';
import type { Candidate } from '../segment/segmenter.js';
import { boxIou } from './place.js';

/** What is known of an object when a mask is held against it. */
export interface Expected {
  /** Where it is expected; null: outside of the frame. */
  readonly box: Box | null;
  /** What the model was asked for. */
  readonly asked: Box;
  /** Of the whole object, px. */
  readonly area: number;
  /** How far it may have got from where it is expected, px, and its middle there. */
  readonly reach: number;
  readonly middle: readonly [x: number, y: number];
}

/** Masks of a lower predicted IoU are not taken. */
const LEAST_SCORE = 0.4;
/** Nor such whose box has a lower IoU with the one that was asked for. */
const LEAST_BOX_IOU = 0.2;
/** Nor such that have more pixels than this multiple of what is expected, or a smaller share of it. */
const MOST_GROWTH = 2;
const LEAST_SHARE = 0.12;
/** What the parts of a fit weigh: the place, the model's own score, the looks. */
const WEIGHTS = { place: 0.4, score: 0.2, likeness: 0.4 } as const;

/** How well a mask's place, size and score fit, 0..1; null: it is something else. */
export function placeFit(candidate: Candidate, expected: Expected): { place: number; score: number } | null {
  const { box, area, score } = candidate;
  if (!box || !(score >= LEAST_SCORE)) return null;
  if (area > MOST_GROWTH * expected.area || area < LEAST_SHARE * expected.area) return null;
  const asAsked = boxIou(box, expected.asked);
  if (asAsked < LEAST_BOX_IOU) return null;
  const asExpected = expected.box ? boxIou(box, expected.box) : 0;
  const away = Math.hypot(
    (box[0] + box[2]) / 2 - expected.middle[0],
    (box[1] + box[3]) / 2 - expected.middle[1],
  );
  if (away > 2 * expected.reach) return null;
  const near = Math.exp(-((away / expected.reach) ** 2) / 2);
  return { place: (near * asAsked + asExpected) / 2, score: Math.min(1, score) };
}

/** All of it in one number, 0..1. */
export function fitOf(parts: { place: number; score: number }, likeness: number): number {
  return WEIGHTS.place * parts.place + WEIGHTS.score * parts.score + WEIGHTS.likeness * likeness;
}
