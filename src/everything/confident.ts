import { cropTasks, inCrops } from './crops.js';
import type { Asked, Decoding, Found } from './decode.js';
import { gridOn } from './grid.js';
import type { EverythingFrame, EverythingMask, EverythingRequest } from './types.js';

/** Dense points a side of a sparse one: points_per_side // 4. */
const SPARSE = 4;

export interface ConfidentRule {
  /** The logit above which a pixel of a mask counts as sure. */
  readonly level: number;
}

/**
 * TinySAM's own rule (xinghaochen/TinySAM, SamHierarchicalMaskGenerator.hierarchical_generate): a sparse round; then
 * the 15 dense points round each sparse point, less those where a mask of the sparse round that passed has a logit above
 * `level`. The sparse points are decoded twice, since their masks are wanted at two thresholds.
 */
export async function confidentStrategy(
  request: EverythingRequest,
  decoding: Decoding,
  { level }: ConfidentRule,
): Promise<EverythingMask[]> {
  decoding.plan(cropTasks(request).reduce((sum, { side }) => sum + side * side, 0));
  return inCrops(request, async ({ frame, side }) => {
    const coarse = Math.max(1, Math.trunc(side / SPARSE));
    const task = { frame, asked: gridOn(frame, coarse), multimask: true } as const;
    const sparse = await decoding.decode(task);
    const cores = await decoding.decode({ ...task, unsure: 1, threshold: level });
    const key = ({ place, candidate }: Found): string => `${place}/${candidate.index}`;
    const passed = new Set(sparse.map(key));
    const sure = cores.filter((core) => passed.has(key(core)));
    const asked = unsureOf(densePoints(frame, task.asked, side), sure, request);
    const dense = await decoding.decode({ frame, asked, multimask: true });
    // In the reference's order, which tells among equal scores.
    return [...dense, ...sparse];
  });
}

/** Round each sparse point the others of its 4 × 4 cells, in whole steps of pixels, as far as they lie in the frame. */
function densePoints({ width, height }: EverythingFrame, sparse: readonly Asked[], side: number): Asked[] {
  const [stepX, stepY] = [Math.trunc(width / side), Math.trunc(height / side)];
  return sparse.flatMap(({ point }) =>
    AROUND.flatMap(([columns, rows]): Asked[] => {
      const [x, y] = [(point?.[0] ?? 0) + columns * stepX, (point?.[1] ?? 0) + rows * stepY];
      return x < width && y < height ? [{ point: [x, y], box: null }] : [];
    }),
  );
}

/** [columns, rows] in the reference's order: the 8 round the point, the column and the row two further, their corner. */
const AROUND = [
  ...[-1, 0, 1].flatMap((x) => [-1, 0, 1].map((y) => [x, y] as const)).filter(([x, y]) => x !== 0 || y !== 0),
  ...[-1, 0, 1].map((y) => [2, y] as const),
  ...[-1, 0, 1].map((x) => [x, 2] as const),
  [2, 2] as const,
];

/** The points that lie in none of the masks. */
function unsureOf(
  points: readonly Asked[],
  sure: readonly Found[],
  { addon }: Pick<EverythingRequest, 'addon'>,
): Asked[] {
  const pixels = Float32Array.from(
    points.flatMap(({ point }) => [...(point ?? [])]),
    Math.trunc,
  );
  const covered = new Uint8Array(points.length);
  for (const { candidate } of sure) {
    const [height, width] = candidate.rle.size;
    const inside = addon.rleContains(candidate.rle.counts, width, height, pixels);
    for (const [i, value] of inside.entries()) covered[i] = (covered[i] as number) | value;
  }
  return points.filter((_, i) => !covered[i]);
}
