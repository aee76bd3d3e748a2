import type { FastSamManifest } from '../../../models/manifest.js';
import { prototypeSpec } from '../../../models/prototype-grid.js';
import type { NativeAddon, NativeMaskSpec } from '../../../native/types.js';
import type { Box } from '../../../prompts/types.js';
import { candidateOf } from '../../candidate.js';
import type { Candidate, SegmentRequest } from '../../segmenter.js';
import { boxToFrame, type YoloBox, type YoloOutput, yoloBoxes } from '../yolo/boxes.js';
import type { YoloNetwork } from '../yolo/network.js';

/** Everything that the network found in a frame. */
export interface FrameObjects {
  /** The surest first; `index` is the place in this list. */
  readonly objects: readonly Candidate[];
  /** The grid that their low-resolution masks are on. */
  readonly lowres: { readonly size: [height: number, width: number]; readonly scale: [x: number, y: number] };
}

export interface FoundObjects extends FrameObjects {
  readonly prepareMs: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
  readonly maskMs: number;
}

/** A box that covers the input to this IoU is taken for the whole input. */
const WHOLE_INPUT_IOU = 0.9;

/** Runs the network on a frame and makes the masks of all objects, as FastSAMPredictor with `retina_masks` does. */
export async function findObjects(
  network: YoloNetwork,
  { image, detector }: FastSamManifest,
  addon: Pick<NativeAddon, 'masksFromPrototypes'>,
  frame: SegmentRequest['frame'],
): Promise<FoundObjects> {
  const { output, prototypes, prepareMs, networkMs } = await network.run(frame);
  if (prototypes === undefined) throw new Error('the contract has prototypes');
  const decodeStart = performance.now();
  const kept = yoloBoxes(output, detector, image.size).map((found) => wholeInput(found, image.size));
  const boxes = Float32Array.from(kept.flatMap(({ box }) => boxToFrame(box, image, frame)));
  const maskStart = performance.now();
  const spec = prototypeSpec(image, prototypes, frame);
  const masks = addon.masksFromPrototypes(prototypes.data, coefficientsOf(output, kept), boxes, spec);
  const objects = masks.map((parts, index) =>
    candidateOf({ index, score: (kept[index] as YoloBox).score, ...parts }, frame),
  );
  return {
    objects,
    lowres: lowresOf(spec),
    prepareMs,
    encodeMs: networkMs,
    decodeMs: maskStart - decodeStart,
    maskMs: performance.now() - maskStart,
  };
}

/**
 * The authors put one box that nearly covers the input in place of such a box (and fail where there are two: here each
 * is replaced, as later versions of the code do).
 */
function wholeInput(found: YoloBox, [width, height]: readonly [number, number]): YoloBox {
  const [x1, y1, x2, y2] = found.box;
  const both =
    Math.max(0, Math.min(width, x2) - Math.max(0, x1)) * Math.max(0, Math.min(height, y2) - Math.max(0, y1));
  const union = width * height + (x2 - x1) * (y2 - y1) - both;
  const box: Box = [0, 0, width, height];
  return both / union > WHOLE_INPUT_IOU ? { ...found, box } : found;
}

/** [kept, coefficients], from the rows below the scores. */
function coefficientsOf({ data, columns, classes }: YoloOutput, kept: readonly YoloBox[]): Float32Array {
  const count = data.length / columns - 4 - classes;
  const out = new Float32Array(kept.length * count);
  for (const [row, { column }] of kept.entries())
    for (let k = 0; k < count; k++)
      out[row * count + k] = data[(4 + classes + k) * columns + column] as number;
  return out;
}

function lowresOf({ placement, frameWidth, frameHeight }: NativeMaskSpec): FrameObjects['lowres'] {
  const { width, height } = placement;
  return { size: [height, width], scale: [frameWidth / width, frameHeight / height] };
}
