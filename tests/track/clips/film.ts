import type { NativeAddon } from '../../../src/native/types.js';
import { drawFrame } from './draw.js';
import { type ObjectTruth, truthOf } from './truth.js';
import type { Clip } from './types.js';

/** Frames with what is true of them, from wherever they come. */
export interface Film {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** Capture times, ms, rising from 0. */
  readonly timesMs: readonly number[];
  /** Packed RGB, and each followed object; all are seen in frame 0. */
  readonly frame: (index: number) => {
    readonly rgb: Uint8Array;
    readonly truths: readonly ObjectTruth[];
  };
}

export function filmOf(clip: Clip, addon: Pick<NativeAddon, 'maskToRle'>): Film {
  const { name, width, height, timesMs } = clip;
  return {
    name,
    width,
    height,
    timesMs,
    frame: (index) => {
      const drawn = drawFrame(clip, index);
      return { rgb: drawn.rgb, truths: truthOf(clip, drawn, addon) };
    },
  };
}
