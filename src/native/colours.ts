/** The looks of objects, as native/mask/colours.h has them: a part of the addon's surface (types.ts). */

/** Bins of Y, Cb and Cr. */
export const COLOUR_BINS = 648;

export interface MaskColours {
  /** [COLOUR_BINS], sums to 1; all 0 for an empty mask. */
  readonly inside: Float32Array;
  /** The same of the mask's box, grown by half its sides, without the mask. */
  readonly around: Float32Array;
}

export interface ColourSearch {
  /** [x1, y1, x2, y2] in source pixels: where the window's middle may lie. */
  readonly area: readonly [number, number, number, number];
  /** The window's sides, px, at least 1. */
  readonly width: number;
  readonly height: number;
  /** Scores are weighed by exp(-d²/2σ²) of the distance from `expected`, px; `sigma` 0: they are not. */
  readonly expected: readonly [x: number, y: number];
  readonly sigma: number;
  /** Of the best places, at most 16. */
  readonly peaks: number;
}

/** A place where a window holds more of what is looked for than its surroundings do. */
export interface ColourPeak {
  readonly x: number;
  readonly y: number;
  /** Mean chance within the window less that of a ring round it, -1..1. */
  readonly score: number;
  /** [x1, y1, x2, y2] of the window's pixels that are likelier the object's than not, without the outermost of them. */
  readonly seen: readonly [number, number, number, number];
  /** A pixel in the thick of these. */
  readonly inside: readonly [x: number, y: number];
}

export interface NativeColours {
  /** Of about 2048 pixels in and round a mask of the frame's size. Throws as `rleToMask`, and `frame_evicted`. */
  maskColours(frameId: number, counts: string): MaskColours;
  /**
   * Where a frame shows colours: `chances` [COLOUR_BINS] says how likely each is the object's and not its surroundings',
   * 0..1. The best first. Throws `frame_evicted`.
   */
  findColours(frameId: number, chances: Float32Array, search: ColourSearch): readonly ColourPeak[];
}
