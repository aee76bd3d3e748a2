import type { EndedTrack, TrackInfo } from '../masks/types.js';
import type { NativeFrameInfo } from '../native/types.js';
import type { Candidate, PromptResult, SegmentPrompt } from '../segment/segmenter.js';

/** An object to follow from a frame on. */
export interface TrackSeed {
  /** Unique in its tracker; the id of its masks. */
  readonly id: string;
  readonly label?: string;
  /** The detector's own score, 0..1. */
  readonly confidence?: number;
  /** The object's mask on `frame`, not empty. */
  readonly candidate: Candidate;
  /** Held by the caller during the call. */
  readonly frame: NativeFrameInfo;
}

/** What a tracker found of one object on a frame. */
export interface TrackedObject {
  readonly id: string;
  readonly label?: string;
  readonly confidence?: number;
  readonly info: TrackInfo;
  /** Null while it is occluded. */
  readonly candidate: Candidate | null;
}

export interface TrackUpdate {
  /** Every object that is still followed, in the order in which they were added. */
  readonly objects: readonly TrackedObject[];
  /** No prompt is made for them any more; their ids are free again. */
  readonly ended: readonly EndedTrack[];
}

/**
 * Follows objects over the frames of one camera: `prompts` before the model runs on a frame, `update` with what it
 * gave. Pure state: no clock but the frames' timestamps, no input or output but the addon's look at pixels.
 */
export interface Tracker {
  readonly size: number;
  /**
   * Follows an object from here on, on its seed's frame or a later one. With the id of one that is followed already,
   * that one goes on from the new mask: a detector or a person has corrected it.
   */
  add(seed: TrackSeed): void;
  /** False when there is none of this id. */
  remove(id: string): boolean;
  /** False when there is none of this id, or one of the new id already. */
  rename(id: string, to: string): boolean;
  /** The most prompts that the next frame can take. */
  readonly mostPrompts: number;
  /**
   * Where each object is expected to be on this frame, as prompts for the model. An object can have two, one where it is
   * expected and one where its colours are: their ids are the track's, and that with `@1` behind it.
   */
  prompts(frame: NativeFrameInfo): readonly SegmentPrompt[];
  /** `results[i]` answers `prompts[i]`, on the frame that `prompts` was last called with, which the caller still holds. */
  update(
    frame: NativeFrameInfo,
    prompts: readonly SegmentPrompt[],
    results: readonly PromptResult[],
  ): TrackUpdate;
}
