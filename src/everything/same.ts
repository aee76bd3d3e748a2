import type { NativeAddon } from '../native/types.js';
import type { Candidate } from '../segment/segmenter.js';

/** What two masks of one frame are compared by. */
type Compared = Pick<Candidate, 'area' | 'box' | 'lowres'>;

/** True where a mask overlaps one of `others` by at least this IoU, on the decoder's grid, which is near enough. */
export function overlapsOneOf(
  mask: Compared,
  others: readonly Compared[],
  iou: number,
  addon: Pick<NativeAddon, 'rleIouMatrix'>,
): boolean {
  const near = others.filter((other) => mostIou(mask, other) >= iou);
  if (near.length === 0) return false;
  const [height, width] = mask.lowres.size;
  const counts = near.map(({ lowres }) => lowres.counts);
  return addon.rleIouMatrix([mask.lowres.counts], counts, width, height).some((value) => value >= iou);
}

/** What the IoU can be at most, by areas and boxes. */
function mostIou(a: Compared, b: Compared): number {
  if (!a.box || !b.box) return 0;
  const width = Math.min(a.box[2], b.box[2]) - Math.max(a.box[0], b.box[0]);
  const height = Math.min(a.box[3], b.box[3]) - Math.max(a.box[1], b.box[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = Math.min(a.area, b.area, width * height);
  return both / (a.area + b.area - both);
}
