import type { Box } from '../prompts/types.js';
import { inclusiveBox, isCutByCrop } from './boxes.js';
import type { Passed } from './decode.js';
import { placed } from './place.js';
import { type Crop, cropBoxes, pointsPerSide } from './point-grid.js';
import { bestOfCrops, bestOfEach } from './suppress.js';
import type { EverythingFrame, EverythingMask, EverythingRequest } from './types.js';

/** One crop as a picture of its own. */
export interface CropTask {
  readonly frame: EverythingFrame;
  /** Points a side of its finest grid. */
  readonly side: number;
}

/** Finds the masks of one crop, in its own coordinates. */
export type CropStrategy = (task: CropTask) => Promise<readonly Passed[]>;

/** The crops of a request that have points, with how many a side. */
export function cropTasks({ frame, options }: EverythingRequest): (Crop & { readonly side: number })[] {
  const { grid, cropLayers, cropOverlap, cropPointsDownscale } = options;
  return cropBoxes({ width: frame.width, height: frame.height, layers: cropLayers, overlap: cropOverlap })
    .map((crop) => ({ ...crop, side: pointsPerSide(grid, cropPointsDownscale, crop.layer) }))
    .filter(({ side }) => side > 0);
}

/**
 * The masks of the whole picture and of each of its crops, which the model sees as pictures of their own; those that a
 * crop cuts are dropped, and of what several have found the mask of the smallest crop stays.
 */
export async function inCrops(request: EverythingRequest, strategy: CropStrategy): Promise<EverythingMask[]> {
  const crops = cropTasks(request);
  const masks: EverythingMask[] = [];
  for (const crop of crops) masks.push(...(await inCrop(crop, request, strategy)));
  return crops.length > 1 ? bestOfCrops(masks, request.options.cropNmsIou) : masks;
}

async function inCrop(
  { box: crop, layer, side }: Crop & { readonly side: number },
  { frame: whole, addon, options }: EverythingRequest,
  strategy: CropStrategy,
): Promise<EverythingMask[]> {
  const frame = layer === 0 ? whole : addon.cropFrame(whole.id, crop);
  try {
    const passed = await strategy({ frame, side });
    const picture: Box = [0, 0, whole.width, whole.height];
    const uncut = passed.filter(
      ({ candidate }) => !isCutByCrop({ box: inclusiveBox(candidate.box), crop, picture }),
    );
    return bestOfEach(uncut, options.nmsIou).map((found) => placed(found, { frame: whole, crop, addon }));
  } finally {
    if (layer > 0) addon.releaseFrame(frame.id);
  }
}
