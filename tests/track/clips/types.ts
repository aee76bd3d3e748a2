/** Levels of red, green and blue, 0..255. */
export type Colour = readonly [r: number, g: number, b: number];

/** Where an object is: its middle, px; its scale (1: its shape's own size); its turn, radians. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly angle: number;
}

/** How far an outline is from the middle in 256 directions, px at scale 1. */
export type Outline = Float32Array;

export interface ClipObject {
  readonly id: string;
  readonly outline: Outline;
  /** Colour at a place of the object's own, px at scale 1 from its middle. */
  readonly colour: (u: number, v: number) => Colour;
  /** Null: not in the scene. Times are ms from the clip's beginning. */
  readonly pose: (timeMs: number) => Pose | null;
  /** False: only in the way of others, not followed. */
  readonly followed: boolean;
}

/** A film that is drawn frame by frame: the same one each time, with what is true of it. */
export interface Clip {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Capture times of the frames, ms, rising from 0. */
  readonly timesMs: readonly number[];
  /** From the back to the front. */
  readonly objects: readonly ClipObject[];
  /** The wall, `width + 2 * margin` by `height + 2 * margin`, packed RGB. */
  readonly wall: { readonly data: Float32Array; readonly margin: number };
  /** How far the camera has panned over the wall, px, within its margin. Objects do not move with it. */
  readonly pan: (timeMs: number) => readonly [x: number, y: number];
  /** Factor on all light. */
  readonly light: (timeMs: number) => number;
  /** How long the shutter is open, ms: 0 for sharp frames. */
  readonly exposureMs: number;
  /** Standard deviation of the sensor's noise, levels. */
  readonly noise: number;
  readonly seed: number;
}

/** One drawn frame. */
export interface ClipFrame {
  /** Packed RGB. */
  readonly rgb: Uint8Array;
  /** Which object each pixel shows in the middle of the exposure: its place in `objects` + 1; 0: the wall. */
  readonly labels: Uint8Array;
  /** Pixels of each object's silhouette within the frame, as if nothing lay before it. */
  readonly silhouettes: readonly number[];
  /** The same beyond the frame's borders too. */
  readonly wholes: readonly number[];
}
