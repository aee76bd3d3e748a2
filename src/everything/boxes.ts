import type { Box } from '../prompts/types.js';

/** A mask's own box: exclusive x2, y2; null of an empty mask. */
export type MaskBox = readonly [number, number, number, number] | null;

/** The generator's boxes end on the mask's last column and row; that of an empty mask is all 0. */
export function inclusiveBox(box: MaskBox): Box {
  return box ? [box[0], box[1], box[2] - 1, box[3] - 1] : [0, 0, 0, 0];
}

export interface EdgeRule {
  /** Inclusive, in the crop's pixels. */
  readonly box: Box;
  readonly crop: Box;
  /** The whole picture. */
  readonly picture: Box;
}

/** In pixels: SAM's is_box_near_crop_edge. */
const NEAR = 20;

/** True where a side of the box is at the crop's and not at the picture's: the object goes on beyond the crop. */
export function isCutByCrop({ box, crop, picture }: EdgeRule): boolean {
  return box.some((side, i) => {
    const placed = side + (crop[i % 2] as number);
    const near = (edge: number): boolean => Math.abs(placed - edge) <= NEAR;
    return near(crop[i] as number) && !near(picture[i] as number);
  });
}
