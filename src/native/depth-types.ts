/** Depth over masks (native/depth/measure.h says how it is measured). */

/** Numbers of a depth picture → metres. The pinhole model is of that picture's own size. */
export interface NativeDepthModel {
  readonly fx: number;
  readonly fy: number;
  readonly cx: number;
  readonly cy: number;
  /** Metres per unit. */
  readonly scale: number;
  /** Units that are a distance, both ends included. */
  readonly nearest: number;
  readonly farthest: number;
}

export interface NativeMaskDepth {
  /** Of the mask. */
  readonly pixels: number;
  /** Of those, with a depth; where it is 0, so are median and centroid. */
  readonly valid: number;
  /** Units; a half where the middle two differ. */
  readonly median: number;
  /** Metres, in the camera's optical frame. */
  readonly centroid: readonly [x: number, y: number, z: number];
}

export interface NativeDepth {
  /** Depth over a mask of a frame with a handle; null where no depth picture was linked to it. */
  measureDepth(
    frameId: number,
    counts: string,
    width: number,
    height: number,
    model: NativeDepthModel,
  ): NativeMaskDepth | null;
}
