/** [x1, y1, x2, y2]. */
type Corners = readonly [number, number, number, number];

export interface BoxNms {
  readonly boxes: readonly Corners[];
  /** The box of higher score stays; among equals the earlier one. */
  readonly scores: ArrayLike<number>;
  /** Boxes that overlap with a better one by more than this IoU go. */
  readonly iou: number;
  /** Boxes of different classes don't see each other; all are of one where this is left out. */
  readonly classes?: ArrayLike<number>;
  /** The most that stay, the best first. */
  readonly limit?: number;
}

/**
 * Non-maximum suppression as torchvision's `nms` on the CPU does it, float32 step by step: stable by score, so that
 * the same boxes stay. Returns the indices that stay, the best first. Costs boxes × those that stay.
 */
export function boxNms({ boxes, scores, iou, classes, limit = boxes.length }: BoxNms): number[] {
  const areas = boxes.map(([x1, y1, x2, y2]) => f(f(x2 - x1) * f(y2 - y1)));
  const order = [...boxes.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const kept: number[] = [];
  for (const candidate of order) {
    if (kept.length >= limit) break;
    const better = kept.some(
      (other) =>
        classes?.[other] === classes?.[candidate] &&
        overlap(
          boxes[other] as Corners,
          boxes[candidate] as Corners,
          areas[other] as number,
          areas[candidate] as number,
        ) > iou,
    );
    if (!better) kept.push(candidate);
  }
  return kept;
}

const f = Math.fround;

function overlap(a: Corners, b: Corners, areaA: number, areaB: number): number {
  const width = Math.max(0, f(Math.min(a[2], b[2]) - Math.max(a[0], b[0])));
  const height = Math.max(0, f(Math.min(a[3], b[3]) - Math.max(a[1], b[1])));
  const both = f(width * height);
  return f(both / f(f(areaA + areaB) - both));
}
