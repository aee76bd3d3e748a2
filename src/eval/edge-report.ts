import type { EdgeRecord } from './edge-counts.js';
import { type EdgeScores, edgeScores, type Point } from './edge-scores.js';
import { type Percentiles, percentiles } from './report.js';

/** What `samwire eval --edges --json` writes. */
export interface EdgeReport {
  /** Null where the maps were given. */
  readonly model: string | null;
  readonly backend: string | null;
  /** Edge maps that were compared. */
  readonly images: number;
  /** As a share of the diagonal. */
  readonly maxDistance: number;
  readonly ODS: Point;
  readonly OIS: EdgeScores['ois'];
  readonly AP: number;
  /** By threshold. */
  readonly curve: readonly Point[];
  /** What the model took for a map, encoding and all prompts; null where the maps were given. */
  readonly latencyMs: { readonly edges: Percentiles | null };
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

export interface EdgeReportInput {
  readonly model: string | null;
  readonly backend: string | null;
  readonly maxDistance: number;
  readonly records: readonly EdgeRecord[];
}

export function edgeReport({ model, backend, maxDistance, records }: EdgeReportInput): EdgeReport {
  const measured = records.flatMap((record) => ('counts' in record ? [record] : []));
  const { ods, ois, ap, curve } = edgeScores(measured.map(({ counts }) => counts));
  return {
    model,
    backend,
    images: measured.length,
    maxDistance,
    ODS: rounded(ods),
    OIS: rounded(ois),
    AP: four(ap),
    curve: curve.map(rounded),
    latencyMs: {
      edges: percentiles(measured.flatMap(({ edgesMs }) => (edgesMs === undefined ? [] : [edgesMs]))),
    },
    skipped: records.flatMap((record) =>
      'skipped' in record ? [{ file: record.image, reason: record.skipped }] : [],
    ),
  };
}

function rounded<T extends Readonly<Record<keyof T, number>>>(numbers: T): T {
  return Object.fromEntries(
    Object.entries<number>(numbers).map(([key, value]) => [key, four(value)]),
  ) as unknown as T;
}

function four(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
