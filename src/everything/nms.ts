/** [x1, y1, x2, y2]. */
type Corners = readonly [number, number, number, number];

export interface BoxNms {
  readonly boxes: readonly Corners[];
  /** The box of higher score stays; among equals the earlier one. */
  readonly scores: ArrayLike<number>;
  /** Boxes that overlap with a better one by more than this IoU go. */
  readonly iou: number;
}

/**
 * Non-maximum suppression as torchvision's `nms` on the CPU does it, float32 step by step: stable by score, so that
 * the same boxes stay. Returns the indices that stay, the best first.
 */
export function boxNms({ boxes, scores, iou }: BoxNms): number[] {
  const f = Math.fround;
  const areas = boxes.map(([x1, y1, x2, y2]) => f(f(x2 - x1) * f(y2 - y1)));
  const order = [...boxes.keys()].sort((a, b) => (scores[b] as number) - (scores[a] as number));
  const suppressed = new Uint8Array(boxes.length);
  const kept: number[] = [];
  for (const [rank, i] of order.entries()) {
    if (suppressed[i]) continue;
    kept.push(i);
    const [ax1, ay1, ax2, ay2] = boxes[i] as Corners;
    for (const j of order.slice(rank + 1)) {
      if (suppressed[j]) continue;
      const [bx1, by1, bx2, by2] = boxes[j] as Corners;
      const width = Math.max(0, f(Math.min(ax2, bx2) - Math.max(ax1, bx1)));
      const height = Math.max(0, f(Math.min(ay2, by2) - Math.max(ay1, by1)));
      const both = f(width * height);
      const union = f(f((areas[i] as number) + (areas[j] as number)) - both);
      if (f(both / union) > iou) suppressed[j] = 1;
    }
  }
  return kept;
}
