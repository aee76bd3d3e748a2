/** Which detection is which track's object (in the manner of SORT and ByteTrack, on masks instead of boxes). */
import type { CocoRle } from '../../masks/types.js';
import type { NativeAddon } from '../../native/types.js';
import type { Box } from '../../prompts/types.js';
import { boxIou } from '../../track/place.js';
import type { DetectedObject } from '../detections/answer.js';
import type { Place } from './sightings.js';

/** A track as far as it matters here. */
export interface Associable {
  readonly label?: string | undefined;
  /** Its label is a detector's class. */
  readonly classified: boolean;
  /** What detectors have called it. */
  readonly detectorIds: ReadonlySet<string>;
  /** On the detections' frame; null: nothing is known. */
  readonly place: Place | null;
}

export interface Pair {
  readonly detection: number;
  readonly track: number;
  /** IoU of the masks on this frame; of the boxes, where the track's mask on it is not known. */
  readonly overlap: number;
}

/** The least IoU of a pair; SORT's. */
const LEAST_OVERLAP = 0.3;
/**
 * Where the track was not seen around that time it is somewhere near: boxes are grown by this share of their sides on each
 * side, and need a small IoU only (C-BIoU, Yang et al., WACV 2023). Such a pair counts half as much.
 */
const GROWN_BY = 0.5;
const LEAST_GROWN_OVERLAP = 0.1;
const UNSURE_WORTH = 0.5;
/** Detectors name one object now a cup and now a bowl; masks that are nearly the same are of one object. */
const SAME_OBJECT = 0.8;
/** What the detector's own id is worth: it decides where overlaps are alike, and does not where they say otherwise. */
const OWN_ID_BONUS = 0.5;

/**
 * Pairs of detections and tracks, each in one pair at most: the best first (greedy). A pair overlaps, or the detector's
 * own id says so; classes are equal unless the masks are nearly the same.
 */
export function associate(
  detections: readonly DetectedObject[],
  tracks: readonly Associable[],
  addon: Pick<NativeAddon, 'rleIou'>,
): readonly Pair[] {
  const possible: (Pair & { readonly worth: number })[] = [];
  for (const [detection, detected] of detections.entries())
    for (const [track, known] of tracks.entries()) {
      const overlap = overlapOf(detected, known, addon);
      const own = detected.detectorId !== undefined && known.detectorIds.has(detected.detectorId);
      const worth =
        known.place?.sure === false ? UNSURE_WORTH * nearness(detected, known) : sureWorth(overlap);
      if (!own && worth === 0) continue;
      if (!own && otherClass(detected, known) && overlap < SAME_OBJECT) continue;
      possible.push({ detection, track, overlap, worth: worth + (own ? OWN_ID_BONUS : 0) });
    }
  possible.sort((a, b) => b.worth - a.worth);
  const [detectionsTaken, tracksTaken] = [new Set<number>(), new Set<number>()];
  return possible.flatMap(({ detection, track, overlap }) => {
    if (detectionsTaken.has(detection) || tracksTaken.has(track)) return [];
    detectionsTaken.add(detection);
    tracksTaken.add(track);
    return [{ detection, track, overlap }];
  });
}

/** The detection shows an object that is followed already, and that another detection shows better. */
export function isSecondOf(
  detected: DetectedObject,
  tracks: readonly Associable[],
  addon: Pick<NativeAddon, 'rleIou'>,
): boolean {
  return tracks.some((known) => known.place?.rle && overlapOf(detected, known, addon) >= SAME_OBJECT);
}

function otherClass({ label }: DetectedObject, known: Associable): boolean {
  return known.classified && label !== undefined && known.label !== undefined && label !== known.label;
}

const sureWorth = (overlap: number): number => (overlap >= LEAST_OVERLAP ? overlap : 0);

/** IoU of the grown boxes of a track that is not known exactly; 0 where that is too little. */
function nearness({ candidate }: DetectedObject, { place }: Associable): number {
  if (!candidate.box || !place || place.sure) return 0;
  const near = boxIou(grown(candidate.box), grown(place.box));
  return near >= LEAST_GROWN_OVERLAP ? near : 0;
}

function grown([x1, y1, x2, y2]: Box): Box {
  const [x, y] = [(x2 - x1) * GROWN_BY, (y2 - y1) * GROWN_BY];
  return [x1 - x, y1 - y, x2 + x, y2 + y];
}

function overlapOf(
  { candidate }: DetectedObject,
  { place }: Associable,
  addon: Pick<NativeAddon, 'rleIou'>,
): number {
  if (!candidate.box || !place) return 0;
  const boxes = boxIou(candidate.box, place.box);
  const masks = boxes > 0 && place.rle ? maskIou(candidate.rle, place.rle, addon) : null;
  return masks ?? boxes;
}

/** Null where the masks are of different frames' sizes. */
function maskIou(a: CocoRle, b: CocoRle, addon: Pick<NativeAddon, 'rleIou'>): number | null {
  const [height, width] = a.size;
  if (b.size[0] !== height || b.size[1] !== width) return null;
  return addon.rleIou(a.counts, b.counts, width, height);
}
