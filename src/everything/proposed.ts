import { SamwireError } from '../errors.js';
import type { Box } from '../prompts/types.js';
import { boxNms } from '../segment/box-nms.js';
import { inclusiveBox } from './boxes.js';
import type { Decoding } from './decode.js';
import { placed } from './place.js';
import type { EverythingMask, EverythingRequest } from './types.js';

/**
 * A mask for each box, those of the caller or the model's own proposals: MobileSAMv2 (ChaoningZhang/MobileSAM,
 * MobileSAMv2/Inference.py), in the order of the boxes, the family's own choice of mask, nothing dropped after it unless
 * the options say so.
 * @throws SamwireError `unsupported_prompt` where there are no boxes and the model proposes none.
 */
export async function boxesStrategy(
  request: EverythingRequest,
  decoding: Decoding,
): Promise<EverythingMask[]> {
  const { frame, options, addon } = request;
  const asked = (await boxesOf(request)).map((box) => ({ point: null, box }));
  decoding.plan(asked.length);
  const passed = await decoding.decode({ frame, asked, multimask: false });
  const crop: Box = [0, 0, frame.width, frame.height];
  const masks = passed.map((found) => placed(found, { frame, crop, addon }));
  return withoutDoubles(masks, options.nmsIou);
}

async function boxesOf({ frame, options, proposals }: EverythingRequest): Promise<readonly Box[]> {
  if (options.boxes) return options.boxes;
  if (proposals) return (await proposals(frame)).map(({ box }) => box);
  throw new SamwireError(
    'unsupported_prompt',
    'The strategy "boxes" needs boxes: this model proposes none by itself. Give some, or use the strategy grid or hierarchical.',
  );
}

/** Box NMS that leaves the order as it is; an IoU of 1 drops nothing. */
export function withoutDoubles(masks: readonly EverythingMask[], iou: number): EverythingMask[] {
  if (iou >= 1) return [...masks];
  const boxes = masks.map(({ box }) => inclusiveBox(box));
  const scores = masks.map(({ score }) => score);
  const kept = new Set(boxNms({ boxes, scores, iou }));
  return masks.filter((_, index) => kept.has(index));
}
