import type { Box } from '../prompts/types.js';

/**
 * The points of a grid of `side` × `side`, rows first, as fractions of width and height: the middles of equal cells,
 * with the rounding of numpy's linspace(1/2n, 1 − 1/2n, n).
 */
export function pointGrid(side: number): readonly (readonly [x: number, y: number])[] {
  const first = 1 / (2 * side);
  const last = 1 - first;
  const step = (last - first) / (side - 1);
  const line = Array.from({ length: side }, (_, i) =>
    i === 0 ? first : i === side - 1 ? last : first + i * step,
  );
  return line.flatMap((y) => line.map((x) => [x, y] as const));
}

/** A part of the picture that is segmented as a picture of its own. */
export interface Crop {
  readonly box: Box;
  /** 0: the whole picture. */
  readonly layer: number;
}

export interface CropGrid {
  readonly width: number;
  readonly height: number;
  readonly layers: number;
  /** Of the first layer's crops, as a part of the shorter side; that of layer i is halved i − 1 times. */
  readonly overlap: number;
}

/** The whole picture, then 2^i × 2^i crops for each layer i, column by column: SAM's generate_crop_boxes. */
export function cropBoxes({ width, height, layers, overlap }: CropGrid): readonly Crop[] {
  const crops: Crop[] = [{ box: [0, 0, width, height], layer: 0 }];
  for (let layer = 1; layer <= layers; layer++) {
    const side = 2 ** layer;
    const overlapPx = Math.trunc(overlap * Math.min(width, height) * (2 / side));
    const length = (whole: number): number => Math.ceil((overlapPx * (side - 1) + whole) / side);
    const cropWidth = length(width);
    const cropHeight = length(height);
    for (let column = 0; column < side; column++)
      for (let row = 0; row < side; row++) {
        const x = (cropWidth - overlapPx) * column;
        const y = (cropHeight - overlapPx) * row;
        crops.push({
          box: [x, y, Math.min(x + cropWidth, width), Math.min(y + cropHeight, height)],
          layer,
        });
      }
  }
  return crops;
}

/** Points a side of a layer's grid: int(points / downscale ** layer). */
export function pointsPerSide(grid: number, downscale: number, layer: number): number {
  return Math.trunc(grid / downscale ** layer);
}
