import type { Decoding, Passed } from './decode.js';
import { boxNms } from './nms.js';
import { cropBoxes, pointGrid } from './point-grid.js';
import type { EverythingMask, EverythingRequest } from './types.js';

/** A grid of points over the picture: SamAutomaticMaskGenerator (facebookresearch/segment-anything). */
export async function gridStrategy(
  request: EverythingRequest,
  decoding: Decoding,
): Promise<EverythingMask[]> {
  const { frame, options } = request;
  const { width, height } = frame;
  const [crop] = cropBoxes({ width, height, layers: 0, overlap: options.cropOverlap });
  const asked = pointGrid(options.grid).map(([x, y]) => ({
    point: [x * width, y * height] as const,
    box: null,
  }));
  decoding.plan(asked.length);
  const passed = await decoding.decode({ frame, asked, candidate: 'all' });
  const kept = bestOfEach(passed, options.nmsIou);
  return kept.map(({ asked: { point, box }, candidate }) => ({
    ...candidate,
    point,
    promptBox: box,
    cropBox: crop?.box ?? [0, 0, width, height],
  }));
}

/** Box NMS by score: the one that stays of masks that are nearly the same, the best first. */
export function bestOfEach(passed: readonly Passed[], iou: number): Passed[] {
  const boxes = passed.map(({ candidate }) => inclusiveBox(candidate.box));
  const scores = passed.map(({ candidate }) => candidate.score);
  return boxNms({ boxes, scores, iou }).map((index) => passed[index] as Passed);
}

/** The generator's boxes end on the mask's last column and row; that of an empty mask is all 0. */
export function inclusiveBox(
  box: readonly [number, number, number, number] | null,
): readonly [number, number, number, number] {
  return box ? [box[0], box[1], box[2] - 1, box[3] - 1] : [0, 0, 0, 0];
}
