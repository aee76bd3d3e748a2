import { halfToEven } from '../../../models/geometry.js';
import type { NativeAddon } from '../../../native/types.js';
import type { Box, FramePrompt, PromptPoint } from '../../../prompts/types.js';
import { candidateOf } from '../../candidate.js';
import type { Candidate, SegmentPrompt, SegmentRequest } from '../../segmenter.js';
import type { FrameObjects } from './objects.js';

/** Masks that `multimask` gives at most, as many as SAM's. */
const MULTIMASK = 3;

export interface Selection extends FrameObjects {
  readonly frame: SegmentRequest['frame'];
  readonly addon: Pick<NativeAddon, 'rleAreaInBox' | 'layRles'>;
}

/** An object laid over those before it, or taken away from them. */
interface Layer {
  readonly object: Candidate;
  readonly add: boolean;
}

/**
 * What a prompt selects of a frame's objects:
 * - a box: the object of best IoU with it (FastSAMPrompt.box_prompt);
 * - points: objects that hold a foreground point are added, those that hold a background point taken away, from the
 *   largest to the smallest (FastSAMPrompt.point_prompt);
 * - both: the box's object, with the points' laid over it in the same way; the authors know no such prompt.
 *
 * Score, stability and index are those of the largest object that was added (of the box's where there is one); an
 * empty mask, of score 0, where nothing was. `multimask`: up to three single objects, best first.
 */
export function select(prompt: SegmentPrompt, selection: Selection): Candidate[] {
  if (prompt.multimask || prompt.candidate !== undefined) {
    const several = single(prompt, selection).slice(0, MULTIMASK);
    return prompt.candidate === undefined ? several : several.slice(prompt.candidate, prompt.candidate + 1);
  }
  const { box, points } = prompt;
  const base = box === undefined ? undefined : byOverlap(box, selection)[0];
  const layers = [...(base ? [{ object: base, add: true }] : []), ...pointLayers(points, selection)];
  return [laid(layers, selection)];
}

/** Objects that a prompt may mean, one by one: by IoU with the box, else by confidence. */
function single({ box, points }: FramePrompt, selection: Selection): Candidate[] {
  const ranked = box === undefined ? selection.objects : byOverlap(box, selection);
  const foreground = points.filter(({ label }) => label === 1);
  return ranked.filter(
    (object) =>
      points.every((point) => point.label === 1 || !holds(object, point, selection)) &&
      (foreground.length === 0 || foreground.some((point) => holds(object, point, selection))),
  );
}

/** Objects that overlap with a box, the best IoU first. The box is rounded and clipped as the authors do. */
function byOverlap(box: Box, { objects, frame, addon }: Selection): Candidate[] {
  const { width, height } = frame;
  const [x1, y1] = [Math.max(0, halfToEven(box[0])), Math.max(0, halfToEven(box[1]))];
  const [x2, y2] = [Math.min(width, halfToEven(box[2])), Math.min(height, halfToEven(box[3]))];
  const boxArea = (x2 - x1) * (y2 - y1);
  const iou = objects.map(({ rle, area }) => {
    const both = addon.rleAreaInBox(rle.counts, width, height, x1, y1, x2, y2);
    return both === 0 ? 0 : both / (boxArea + area - both);
  });
  return [...objects.keys()]
    .filter((i) => (iou[i] ?? 0) > 0)
    .sort((a, b) => (iou[b] ?? 0) - (iou[a] ?? 0))
    .map((i) => objects[i] as Candidate);
}

function holds({ rle }: Candidate, { x, y }: PromptPoint, { frame, addon }: Selection): boolean {
  const { width, height } = frame;
  const column = Math.min(width - 1, Math.max(0, Math.trunc(x)));
  const row = Math.min(height - 1, Math.max(0, Math.trunc(y)));
  return addon.rleAreaInBox(rle.counts, width, height, column, row, column + 1, row + 1) > 0;
}

/** From the largest object to the smallest; of an object's points the last one counts. */
function pointLayers(points: readonly PromptPoint[], selection: Selection): Layer[] {
  const largestFirst = [...selection.objects].sort((a, b) => b.area - a.area);
  return largestFirst.flatMap((object) => {
    const last = points.filter((point) => holds(object, point, selection)).at(-1);
    return last === undefined ? [] : [{ object, add: last.label === 1 }];
  });
}

function laid(layers: readonly Layer[], { lowres, frame, addon }: Selection): Candidate {
  const [first] = layers.filter(({ add }) => add);
  if (first && layers.length === 1) return first.object;
  const { index, score, stability } = first?.object ?? { index: 0, score: 0, stability: 0 };
  const of = (runs: (object: Candidate) => string): { counts: string; add: boolean }[] =>
    layers.map(({ object, add }) => ({ counts: runs(object), add }));
  const mask = addon.layRles(
    of(({ rle }) => rle.counts),
    frame.width,
    frame.height,
  );
  const [height, width] = lowres.size;
  const { counts } = addon.layRles(
    of((object) => object.lowres.counts),
    width,
    height,
  );
  return candidateOf({ index, score, mask: { ...mask, stability }, lowres: { ...lowres, counts } }, frame);
}
