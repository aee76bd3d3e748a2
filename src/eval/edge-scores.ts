/**
 * ODS, OIS and AP of edge maps from the counts of the BSDS benchmark: what its collect_eval_bdry computes (Arbeláez, Maire,
 * Fowlkes and Malik, "Contour detection and hierarchical image segmentation", 2011), and pdollar/edges' edgesEvalDir.
 */
import type { NativeBoundaryCounts } from '../native/edge-types.js';

/** The benchmark's 99 thresholds of an edge map's strength, 0.01 to 0.99. */
export const THRESHOLDS: readonly number[] = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);

/** Of one picture, one entry a threshold. */
export type PictureCounts = readonly NativeBoundaryCounts[];

export interface Point {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly f: number;
}

export interface EdgeScores {
  /** The best F with one threshold for all pictures; between two thresholds it is interpolated, as the benchmark does. */
  readonly ods: Point;
  /** F of all pictures together, each at its own best threshold. */
  readonly ois: Omit<Point, 'threshold'>;
  /** Average precision: the area under the curve of all pictures, over recalls that it reaches. */
  readonly ap: number;
  /** Of all pictures together, by threshold. */
  readonly curve: readonly Point[];
}

const NONE: NativeBoundaryCounts = { matchedTruth: 0, truth: 0, matchedFound: 0, found: 0 };
/** Places between two thresholds that the benchmark tries. */
const PLACES = 100;
/** Recalls at which precision is taken for the area: 0, 0.01 … 1. */
const RECALLS = 101;

export function edgeScores(pictures: readonly PictureCounts[]): EdgeScores {
  const together = THRESHOLDS.map((_, k) => pictures.map((counts) => counts[k] ?? NONE).reduce(plus, NONE));
  const curve = curveOf(together);
  const best = pictures.map((counts) => counts[strongest(curveOf(counts))] ?? NONE);
  const { precision, recall, f } = pointOf(best.reduce(plus, NONE), 0);
  return { ods: bestOnCurve(curve), ois: { precision, recall, f }, ap: area(curve), curve };
}

function plus(a: NativeBoundaryCounts, b: NativeBoundaryCounts): NativeBoundaryCounts {
  return {
    matchedTruth: a.matchedTruth + b.matchedTruth,
    truth: a.truth + b.truth,
    matchedFound: a.matchedFound + b.matchedFound,
    found: a.found + b.found,
  };
}

function curveOf(counts: PictureCounts): Point[] {
  return counts.map((at, k) => pointOf(at, THRESHOLDS[k] ?? 0));
}

function pointOf(counts: NativeBoundaryCounts, threshold: number): Point {
  const recall = share(counts.matchedTruth, counts.truth);
  const precision = share(counts.matchedFound, counts.found);
  return { threshold, precision, recall, f: fMeasure(precision, recall) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function fMeasure(precision: number, recall: number): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** The first threshold of the best F. */
function strongest(curve: readonly Point[]): number {
  return curve.reduce((best, { f }, k) => (f > (curve[best]?.f ?? 0) ? k : best), 0);
}

function bestOnCurve(curve: readonly Point[]): Point {
  let best: Point = curve[0] ?? { threshold: 0, precision: 0, recall: 0, f: 0 };
  for (const [k, to] of curve.entries()) {
    const from = curve[k - 1];
    if (!from) continue;
    for (let i = 0; i < PLACES; i++) {
      const between = (a: number, b: number): number => a + ((b - a) * i) / (PLACES - 1);
      const precision = between(from.precision, to.precision);
      const recall = between(from.recall, to.recall);
      const f = fMeasure(precision, recall);
      if (f > best.f) best = { threshold: between(from.threshold, to.threshold), precision, recall, f };
    }
  }
  return best;
}

/** Precision over recall, linear between the points of the curve; of equal recalls the lowest threshold counts. */
function area(curve: readonly Point[]): number {
  const byRecall = new Map<number, number>();
  for (const { recall, precision } of curve) if (!byRecall.has(recall)) byRecall.set(recall, precision);
  const points = [...byRecall].sort(([a], [b]) => a - b);
  if (points.length < 2) return 0;
  let sum = 0;
  for (let i = 0; i < RECALLS; i++) sum += interpolated(points, i / (RECALLS - 1));
  return sum / 100;
}

/** 0 beyond the first and the last point. */
function interpolated(points: readonly (readonly [number, number])[], recall: number): number {
  const high = points.findIndex(([at]) => at >= recall);
  if (high < 0) return 0;
  const [to, end] = points[high] ?? [0, 0];
  if (to === recall) return end;
  const before = points[high - 1];
  if (!before) return 0;
  const [from, start] = before;
  return start + ((end - start) * (recall - from)) / (to - from);
}
