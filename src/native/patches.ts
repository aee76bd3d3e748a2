/** Pieces of earlier frames that are looked for in later ones, as native/mask/patch.h has them: a part of the addon's surface (types.ts). */

/** [2 × PATCH_CELLS]: the mean brightness of 24 × 24 cells of a box, row by row, and how much each of them counts, 0..1. */
export type Patch = Float32Array;
export const PATCH_CELLS = 576;

/** x1, y1, x2, y2, px; may reach beyond the frame. */
export type PatchBox = readonly [number, number, number, number];

export interface FoundPatch {
  readonly box: PatchBox;
  /** Normalised cross-correlation, -1..1; 0: not found. */
  readonly likeness: number;
}

export interface NativePatches {
  /** What a frame shows in a box; what lies in the mask, or near it, counts. Throws as `rleToMask`, and `frame_evicted`. */
  samplePatch(frameId: number, counts: string, box: PatchBox): Patch;
  /**
   * Where a frame shows each of at most 4 patches, moved and scaled from `guess` by about a quarter of it at most. Each is
   * looked for from where the one before it was found. Throws `frame_evicted`.
   */
  findPatches(frameId: number, patches: readonly Patch[], guess: PatchBox): readonly FoundPatch[];
}
