import type { CocoRle, LowResMask } from '../masks/types.js';
import type { NativeAddon } from '../native/types.js';
import type { Box } from '../prompts/types.js';
import type { Candidate } from '../segment/segmenter.js';
import type { Passed } from './decode.js';
import type { EverythingFrame, EverythingMask } from './types.js';

export type PlaceAddon = Pick<NativeAddon, 'uncropRle' | 'sampleRle'>;

export interface Placing {
  readonly frame: EverythingFrame;
  readonly crop: Box;
  readonly addon: PlaceAddon;
}

/** A mask that was found in a crop, in the frame's coordinates. */
export function placed({ asked, candidate }: Passed, { frame, crop, addon }: Placing): EverythingMask {
  const [left, top] = crop;
  const point = asked.point ? ([asked.point[0] + left, asked.point[1] + top] as const) : null;
  const promptBox = asked.box ? shifted(asked.box, left, top) : null;
  const whole = left === 0 && top === 0 && crop[2] === frame.width && crop[3] === frame.height;
  if (whole) return { ...candidate, point, promptBox, cropBox: crop };
  const rle: CocoRle = {
    size: [frame.height, frame.width],
    counts: addon.uncropRle(candidate.rle.counts, crop, frame.width, frame.height),
  };
  const box = candidate.box ? shifted(candidate.box, left, top) : null;
  const lowres = sampledLike(candidate, rle, addon);
  return { ...candidate, box, rle, lowres, point, promptBox, cropBox: crop };
}

/** The low-res form of another mask of the frame, with as many cells on its longer side as the candidate's has. */
export function sampledLike(
  { lowres }: Pick<Candidate, 'lowres'>,
  { size: [height, width], counts }: CocoRle,
  addon: Pick<NativeAddon, 'sampleRle'>,
): LowResMask {
  const pixelsPerCell = Math.max(width, height) / Math.max(...lowres.size);
  const columns = Math.max(1, Math.round(width / pixelsPerCell));
  const rows = Math.max(1, Math.round(height / pixelsPerCell));
  return {
    size: [rows, columns],
    counts: addon.sampleRle(counts, width, height, columns, rows),
    scale: [width / columns, height / rows],
  };
}

function shifted([x1, y1, x2, y2]: Box, left: number, top: number): Box {
  return [x1 + left, y1 + top, x2 + left, y2 + top];
}
