import type { DetectorBlock } from '../../../models/manifest.js';
import type { Proposal, SegmentRequest } from '../../segmenter.js';
import { boxToFrame, yoloBoxes } from './boxes.js';
import type { YoloNetwork } from './network.js';

/**
 * Boxes of a YOLOv8 beside the model, in source pixels, the surest first: MobileSAMv2's object-aware prompts
 * (ObjectAwareModel: confidence 0.4, IoU 0.9, 1024 × 1024).
 */
export async function detect(
  network: YoloNetwork,
  block: DetectorBlock,
  frame: SegmentRequest['frame'],
): Promise<Proposal[]> {
  const { output } = await network.run(frame);
  return yoloBoxes(output, block, block.image.size)
    .map(({ box, score }) => ({ box: boxToFrame(box, block.image, frame), score }))
    .filter(({ box: [x1, y1, x2, y2] }) => x1 < x2 && y1 < y2);
}
