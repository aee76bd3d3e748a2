import { cropTasks, inCrops } from './crops.js';
import type { Asked, Decoding } from './decode.js';
import { pointGrid } from './point-grid.js';
import type { EverythingFrame, EverythingMask, EverythingRequest } from './types.js';

/** A grid of points over the picture and its crops: SamAutomaticMaskGenerator (facebookresearch/segment-anything). */
export async function gridStrategy(
  request: EverythingRequest,
  decoding: Decoding,
): Promise<EverythingMask[]> {
  decoding.plan(cropTasks(request).reduce((sum, { side }) => sum + side * side, 0));
  return inCrops(request, ({ frame, side }) =>
    decoding.decode({ frame, asked: gridOn(frame, side), multimask: true }),
  );
}

/** The points of a grid on a frame, in its pixels. */
export function gridOn({ width, height }: EverythingFrame, side: number): Asked[] {
  return pointGrid(side).map(([x, y]) => ({ point: [x * width, y * height], box: null }));
}
