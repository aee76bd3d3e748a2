import { type FrameSize, halfToEven } from '../../../models/geometry.js';
import type { ImageBlock, YoloBlock } from '../../../models/manifest.js';
import type { Box } from '../../../prompts/types.js';
import { boxNms } from '../../box-nms.js';

/** What a YOLOv8 gives for one picture. */
export interface YoloOutput {
  /** [rows, columns]: centre x, centre y, width, height in input pixels, a score a class, then mask coefficients. */
  readonly data: Float32Array;
  /** Candidates. */
  readonly columns: number;
  readonly classes: number;
}

/** A candidate that stays. */
export interface YoloBox {
  /** x1, y1, x2, y2 in input pixels. */
  readonly box: Box;
  /** The best class's. */
  readonly score: number;
  /** Which of the candidates. */
  readonly column: number;
}

const f = Math.fround;

/**
 * Candidates above `minScore`, by class and after NMS, at most `maxBoxes`, the surest first (Ultralytics'
 * non_max_suppression with one label a box); their edges moved onto the border of the input where they are near it
 * (adjust_bboxes_to_image_border, which FastSAM and MobileSAMv2 share).
 */
export function yoloBoxes(
  output: YoloOutput,
  block: YoloBlock,
  [width, height]: ImageBlock['size'],
): YoloBox[] {
  const { columns, scores, classes } = likely(output, block);
  const boxes = columns.map((column) => corners(output, column));
  const kept = boxNms({ boxes, scores, classes, iou: block.nmsIou, limit: block.maxBoxes });
  const { borderPx } = block;
  return kept.map((i) => {
    const [x1, y1, x2, y2] = boxes[i] as Box;
    return {
      box: [
        x1 < borderPx ? 0 : x1,
        y1 < borderPx ? 0 : y1,
        x2 > width - borderPx ? width : x2,
        y2 > height - borderPx ? height : y2,
      ],
      score: scores[i] as number,
      column: columns[i] as number,
    };
  });
}

function likely(
  { data, columns, classes }: YoloOutput,
  { minScore, classes: wanted }: YoloBlock,
): { columns: number[]; scores: number[]; classes: number[] } {
  const found = { columns: [] as number[], scores: [] as number[], classes: [] as number[] };
  const least = f(minScore);
  for (let column = 0; column < columns; column++) {
    let best = 0;
    let score = data[4 * columns + column] as number;
    for (let k = 1; k < classes; k++) {
      const other = data[(4 + k) * columns + column] as number;
      if (other > score) [best, score] = [k, other];
    }
    if (!(score > least) || (wanted && !wanted.includes(best))) continue;
    found.columns.push(column);
    found.scores.push(score);
    found.classes.push(best);
  }
  return found;
}

function corners({ data, columns }: YoloOutput, column: number): Box {
  const [x, y, width, height] = [0, 1, 2, 3].map((row) => data[row * columns + column] as number) as [
    number,
    number,
    number,
    number,
  ];
  const [halfWidth, halfHeight] = [f(width / 2), f(height / 2)];
  return [f(x - halfWidth), f(y - halfHeight), f(x + halfWidth), f(y + halfHeight)];
}

/**
 * From input pixels to the frame's, and clipped to it (Ultralytics' scale_boxes: one gain for both axes of a letterbox,
 * and its own rounding of the padding, which is not always the padding that was made).
 */
export function boxToFrame(box: Box, { fit, size }: Pick<ImageBlock, 'fit' | 'size'>, frame: FrameSize): Box {
  const gains = [size[0] / frame.width, size[1] / frame.height] as const;
  const gain = Math.min(...gains);
  const [gainX, gainY] = fit === 'stretch' ? gains : [gain, gain];
  const pad = (length: number, of: number): number =>
    fit === 'letterbox-centred' ? halfToEven((length - of * gain) / 2 - 0.1) : 0;
  const x = (value: number): number => clip(f(f(value - pad(size[0], frame.width)) / f(gainX)), frame.width);
  const y = (value: number): number =>
    clip(f(f(value - pad(size[1], frame.height)) / f(gainY)), frame.height);
  return [x(box[0]), y(box[1]), x(box[2]), y(box[3])];
}

function clip(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
