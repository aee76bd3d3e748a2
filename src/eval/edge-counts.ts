import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { SamwireError } from '../errors.js';
import type { NativeBoundaryCounts } from '../native/edge-types.js';
import type { NativeAddon } from '../native/types.js';
import type { Boundaries, GreyMap } from './boundaries.js';
import { THRESHOLDS } from './edge-scores.js';

const pixels = z.int().min(0);

/** What was counted of one picture's edge map, or why it was left out. */
export const edgeRecordSchema = z.union([
  z.object({
    image: z.string(),
    /** Annotators. */
    truths: pixels,
    counts: z
      .array(
        z.object({ matchedTruth: pixels, truth: pixels, matchedFound: pixels, found: pixels }).readonly(),
      )
      .length(THRESHOLDS.length)
      .readonly(),
    /** What the model took for the map; absent for a map that was given. */
    edgesMs: z.number().min(0).exactOptional(),
  }),
  z.object({ image: z.string(), skipped: z.string() }),
]);
export type EdgeRecord = z.infer<typeof edgeRecordSchema>;

export interface EdgeCountOptions {
  /** As a share of the picture's diagonal: the benchmark's is 0.0075. */
  readonly maxDistance: number;
  readonly addon: Pick<NativeAddon, 'boundaryCounts'>;
  /** Stops between two thresholds; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * An edge map against a picture's boundaries at all of the benchmark's thresholds: pixels whose value over 255 is at least
 * the threshold, thinned, and matched one to one with each annotator's.
 * @throws SamwireError `invalid_image` when their sizes differ.
 */
export async function countEdges(
  map: GreyMap,
  truth: Boundaries,
  { maxDistance, addon, signal }: EdgeCountOptions,
): Promise<NativeBoundaryCounts[]> {
  const { width, height, data } = map;
  if (width !== truth.width || height !== truth.height)
    throw new SamwireError(
      'invalid_image',
      `the edge map has ${width}×${height} pixels, its boundaries ${truth.width}×${truth.height}`,
    );
  const strongEnough = pixelsFrom(data);
  const counts: NativeBoundaryCounts[] = [];
  let known: { readonly pixels: number; readonly counts: NativeBoundaryCounts } | undefined;
  for (const threshold of THRESHOLDS) {
    const level = levelOf(threshold);
    const count = strongEnough[level] ?? 0;
    // The same pixels as at the threshold before.
    if (known?.pixels !== count) {
      signal?.throwIfAborted();
      const request = { width, height, edges: data, level, truths: truth.maps, thin: true };
      const distance = maxDistance * Math.hypot(width, height);
      known = { pixels: count, counts: addon.boundaryCounts({ ...request, maxDistance: distance }) };
      await turn();
    }
    counts.push(known.counts);
  }
  return counts;
}

/** The least value whose share of 255 reaches the threshold. */
function levelOf(threshold: number): number {
  const near = Math.floor(threshold * 255);
  return [near, near + 1].find((value) => value / 255 >= threshold) ?? near + 2;
}

/** By level: how many pixels have at least it. */
function pixelsFrom(data: Uint8Array): number[] {
  const from = new Array<number>(257).fill(0);
  for (const value of data) from[value] = (from[value] ?? 0) + 1;
  for (let level = 255; level >= 0; level--) from[level] = (from[level] ?? 0) + (from[level + 1] ?? 0);
  return from;
}
