import type { Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../../errors.js';
import { type FrameSize, imagePlacement } from '../../../models/geometry.js';
import type { Manifest, ProposalsBlock } from '../../../models/manifest.js';
import type { Box } from '../../../prompts/types.js';
import { boxNms } from '../../box-nms.js';
import type { Proposal, SegmentRequest } from '../../segmenter.js';

/** Boxes that an encoder proposes by itself (Lite-SAM's AutoPPN), in source pixels, the surest first. */
export function encoderProposals(
  { data, dims }: Tensor,
  { image }: Pick<Manifest, 'image'>,
  { minScore, nmsIou, maxBoxes }: ProposalsBlock,
  frame: SegmentRequest['frame'],
): Proposal[] {
  if (!(data instanceof Float32Array) || dims.at(-1) !== 5)
    throw new SamwireError(
      'model_failed',
      `The encoder's proposals came as [${dims.join(',')}]; expected [1,P,5].`,
    );
  const rows = Array.from({ length: data.length / 5 }, (_, row) => data.subarray(row * 5, row * 5 + 5));
  const sure = rows.filter((row) => (row[4] as number) > minScore);
  const boxes = sure.map((row) => [row[0], row[1], row[2], row[3]] as unknown as Box);
  const scores = sure.map((row) => row[4] as number);
  return boxNms({ boxes, scores, iou: nmsIou, limit: maxBoxes })
    .map((i) => ({ box: fromPlace(boxes[i] as Box, { image }, frame), score: scores[i] as number }))
    .filter(({ box: [x1, y1, x2, y2] }) => x1 < x2 && y1 < y2);
}

/** From the pixels of the encoder's input to the frame's, clipped to it: the way back of what the picture went. */
function fromPlace(box: Box, manifest: Pick<Manifest, 'image'>, frame: FrameSize): Box {
  const placed = imagePlacement(manifest, frame);
  const back = (value: number, start: number, length: number, of: number): number =>
    Math.min(of, Math.max(0, ((value - start) * of) / length));
  const x = (value: number): number => back(value, placed.x, placed.width, frame.width);
  const y = (value: number): number => back(value, placed.y, placed.height, frame.height);
  return [x(box[0]), y(box[1]), x(box[2]), y(box[3])];
}
