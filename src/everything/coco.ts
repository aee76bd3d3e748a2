import type { CocoRle } from '../masks/types.js';
import { inclusiveBox } from './boxes.js';
import type { EverythingMask } from './types.js';

/** One mask as SamAutomaticMaskGenerator tells it with output_mode "coco_rle" (scripts/amg.py --convert-to-rle). */
export interface CocoRecord {
  readonly segmentation: CocoRle;
  /** Pixels. */
  readonly area: number;
  /** [x, y, width, height]; as the generator has it, to the last column and row: one less than their number. */
  readonly bbox: readonly number[];
  readonly predicted_iou: number;
  /** The one point that it was prompted with; none where it was a box, or nothing. */
  readonly point_coords: readonly (readonly number[])[];
  readonly stability_score: number;
  /** [x, y, width, height]. */
  readonly crop_box: readonly number[];
  /** [x, y, width, height] of the box that it was prompted with; the generator knows none. */
  readonly prompt_box?: readonly number[];
}

/** Masks for the scripts of the official generator's users, in its order, its numbers not rounded. */
export function cocoRecords(masks: readonly EverythingMask[]): CocoRecord[] {
  return masks.map(({ rle, area, box, score, point, stability, cropBox, promptBox }) => ({
    segmentation: rle,
    area,
    bbox: xywh(inclusiveBox(box)),
    predicted_iou: score,
    point_coords: point ? [point] : [],
    stability_score: Math.fround(stability),
    crop_box: xywh(cropBox),
    ...(promptBox ? { prompt_box: xywh(promptBox) } : {}),
  }));
}

function xywh([x1, y1, x2, y2]: readonly [number, number, number, number]): number[] {
  return [x1, y1, x2 - x1, y2 - y1];
}
