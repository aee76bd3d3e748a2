/** Work on masks as compressed RLE: a part of the addon's surface (types.ts). */

/** What is left of a mask. */
export interface CleanedMask {
  /** COCO compressed counts, column-major. */
  readonly counts: string;
  readonly area: number;
  /** [x1, y1, exclusive x2, y2], null when the area is 0. */
  readonly box: [number, number, number, number] | null;
}

export interface NativeRuns {
  /** The mask of a crop (a box within the frame) as a mask of the frame, empty outside. Throws as `rleToMask`. */
  uncropRle(
    counts: string,
    crop: readonly [number, number, number, number],
    frameWidth: number,
    frameHeight: number,
  ): string;
  /** The mask on a coarser grid: each cell has the pixel at its centre. Throws as `rleToMask`. */
  sampleRle(counts: string, width: number, height: number, gridWidth: number, gridHeight: number): string;
  /**
   * SAM's remove_small_regions, holes before islands, over 8 neighbours. `changed`: there was a region of fewer than
   * `minArea` pixels. Throws as `rleToMask`.
   */
  removeSmallRegions(
    counts: string,
    width: number,
    height: number,
    minArea: number,
  ): { readonly changed: boolean; readonly mask: CleanedMask };
  /** 1 for each of `points` (x, y pairs of pixels, fractions cut off) that is inside the mask. Throws as `rleToMask`. */
  rleContains(counts: string, width: number, height: number, points: Float32Array): Uint8Array;
  /** `rleIou` of each of `rows` with each of `columns`, [rows, columns]. */
  rleIouMatrix(
    rows: readonly string[],
    columns: readonly string[],
    width: number,
    height: number,
  ): Float64Array;
  /**
   * A label image, row-major: each pixel has the label (0 to 65535) of the last layer that covers it, 0 where there is
   * none. 16 bits are in the machine's byte order. Painted on libuv's pool; rejects as `rleToMask` throws.
   */
  paintLabels(
    layers: readonly { readonly counts: string; readonly label: number }[],
    width: number,
    height: number,
    bits: 8 | 16,
  ): Promise<Buffer>;
}
