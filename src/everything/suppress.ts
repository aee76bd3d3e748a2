import type { NativeAddon } from '../native/types.js';
import { boxNms } from '../segment/box-nms.js';
import { inclusiveBox } from './boxes.js';
import type { Passed } from './decode.js';
import { createPause } from './pause.js';
import { sampledLike } from './place.js';
import type { EverythingMask } from './types.js';

/** Of masks of one crop that are nearly the same the one of the highest score, the best first. */
export function bestOfEach(passed: readonly Passed[], iou: number): Passed[] {
  const boxes = passed.map(({ candidate }) => inclusiveBox(candidate.box));
  const scores = passed.map(({ candidate }) => candidate.score);
  return boxNms({ boxes, scores, iou }).map((index) => passed[index] as Passed);
}

/** Of masks of several crops that are nearly the same the one of the smallest crop. */
export function bestOfCrops(masks: readonly EverythingMask[], iou: number): EverythingMask[] {
  const boxes = masks.map(({ box }) => inclusiveBox(box));
  const scores = masks.map(({ cropBox: [x1, y1, x2, y2] }) => Math.fround(1 / ((x2 - x1) * (y2 - y1))));
  return boxNms({ boxes, scores, iou }).map((index) => masks[index] as EverythingMask);
}

export interface Cleaning {
  /** Pixels. */
  readonly minArea: number;
  readonly iou: number;
  readonly addon: Pick<NativeAddon, 'removeSmallRegions' | 'sampleRle'>;
}

/**
 * Small holes filled and small islands removed, then box NMS once more, since masks may have become the same; those
 * that needed no cleaning are preferred. Score and stability stay those of the mask that the model gave.
 */
export async function cleaned(
  masks: readonly EverythingMask[],
  { minArea, iou, addon }: Cleaning,
): Promise<EverythingMask[]> {
  if (!(minArea > 0)) return [...masks];
  const pause = createPause();
  const made: ReturnType<typeof addon.removeSmallRegions>[] = [];
  for (const { rle } of masks) {
    await pause();
    made.push(addon.removeSmallRegions(rle.counts, rle.size[1], rle.size[0], minArea));
  }
  const kept = boxNms({
    boxes: made.map(({ mask }) => inclusiveBox(mask.box)),
    scores: made.map(({ changed }) => (changed ? 0 : 1)),
    iou,
  });
  return kept.map((index) => {
    const before = masks[index] as EverythingMask;
    const after = made[index];
    if (!after?.changed) return before;
    const { counts, area, box } = after.mask;
    const rle = { size: before.rle.size, counts };
    return { ...before, area, box, rle, lowres: sampledLike(before, rle, addon) };
  });
}
