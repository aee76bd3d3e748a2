import type { EndedTrack } from '../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { Box, PromptPoint } from '../prompts/types.js';
import type { Candidate, SegmentPrompt } from '../segment/segmenter.js';
import { boxIou, boxWithin, Motion, type Place } from './motion.js';
import type { TrackedObject, TrackSeed } from './types.js';

/** A mask that may be this object's on a frame, and how well it fits what is known of it, 0..1. */
export interface Choice {
  readonly candidate: Candidate;
  readonly fit: number;
}

/** Masks of a lower predicted IoU are not taken. */
const LEAST_SCORE = 0.4;
/** Nor such whose box has a lower IoU with the expected one. */
const LEAST_BOX_IOU = 0.2;
/** An object less of which than this share is expected within the frame has left it. */
const LEFT_SHARE = 0.1;

/** One object: where it goes, what of it was seen last, and what is chosen of a frame's candidates. */
export class FollowedObject {
  readonly #addon: Pick<NativeAddon, 'rleDeepest'>;
  readonly #label: string | undefined;
  readonly #confidence: number | undefined;
  readonly #firstAt: number;
  #motion: Motion;
  /** Capture time that the motion stands at. */
  #at: number;
  /** Capture time at which it was found last. */
  #foundAt: number;
  #frame: Pick<NativeFrameInfo, 'width' | 'height'>;
  /** Of the last mask: a pixel well inside, relative to the middle, in units of the box's sides. */
  #inside: readonly [number, number] = [0, 0];
  choice: Choice | null = null;

  constructor(seed: TrackSeed, addon: Pick<NativeAddon, 'rleDeepest'>) {
    const { label, confidence, candidate, frame } = seed;
    this.#addon = addon;
    this.#label = label;
    this.#confidence = confidence;
    this.#firstAt = frame.timestamp;
    this.#at = frame.timestamp;
    this.#foundAt = frame.timestamp;
    this.#frame = frame;
    this.#motion = new Motion(boxOf(candidate));
    this.#look(candidate, frame);
  }

  /** Somebody knows better where it is. */
  correctBy({ candidate, frame }: TrackSeed): void {
    this.#motion = new Motion(boxOf(candidate));
    this.#at = Math.max(this.#at, frame.timestamp);
    this.#foundAt = Math.max(this.#foundAt, frame.timestamp);
    this.#frame = frame;
    this.#look(candidate, frame);
  }

  prompts(id: string, frame: NativeFrameInfo): SegmentPrompt[] {
    this.choice = null;
    this.#goTo(frame);
    const { place } = this.#motion;
    const box = boxWithin(place, frame);
    return box ? [{ id, box, points: this.#points(place, box), multimask: false }] : [];
  }

  choose(candidates: readonly Candidate[], frame: NativeFrameInfo): void {
    const expected = boxWithin(this.#motion.place, frame);
    if (!expected) return;
    for (const candidate of candidates) {
      if (!candidate.box || !(candidate.score >= LEAST_SCORE)) continue;
      const agreement = boxIou(candidate.box, expected);
      if (agreement < LEAST_BOX_IOU) continue;
      const fit = (agreement + Math.min(1, candidate.score)) / 2;
      if (fit > (this.choice?.fit ?? 0)) this.choice = { candidate, fit };
    }
  }

  giveUp(): void {
    this.choice = null;
  }

  /** Takes the chosen mask in; says how the track ended, if it did. */
  settle(frame: NativeFrameInfo, lostMs: number): EndedTrack['reason'] | null {
    const candidate = this.choice?.candidate;
    if (candidate) {
      this.#motion.correct(boxOf(candidate), frame);
      this.#foundAt = frame.timestamp;
      this.#look(candidate, frame);
      return null;
    }
    if (shareWithin(this.#motion.place, frame) < LEFT_SHARE) return 'left';
    return frame.timestamp - this.#foundAt >= lostMs ? 'lost' : null;
  }

  state(id: string, frame: NativeFrameInfo): TrackedObject {
    return {
      id,
      ...(this.#label === undefined ? {} : { label: this.#label }),
      ...(this.#confidence === undefined ? {} : { confidence: this.#confidence }),
      info: {
        state: this.choice ? 'tracked' : 'occluded',
        ageMs: Math.max(0, frame.timestamp - this.#firstAt),
      },
      candidate: this.choice?.candidate ?? null,
    };
  }

  #goTo(frame: NativeFrameInfo): void {
    const { width, height } = this.#frame;
    if (width !== frame.width || height !== frame.height)
      this.#motion.scale(frame.width / width, frame.height / height);
    this.#frame = frame;
    this.#motion.predict(frame.timestamp - this.#at);
    this.#at = frame.timestamp;
  }

  #points({ x, y, width, height }: Place, [x1, y1, x2, y2]: Box): PromptPoint[] {
    const inside = (value: number, low: number, high: number): number =>
      Math.min(high - 1, Math.max(low, value));
    return [
      {
        x: inside(x + this.#inside[0] * width, x1, x2),
        y: inside(y + this.#inside[1] * height, y1, y2),
        label: 1,
      },
    ];
  }

  #look({ rle }: Candidate, frame: NativeFrameInfo): void {
    const deepest = this.#addon.rleDeepest(rle.counts, frame.width, frame.height);
    const { x, y, width, height } = this.#motion.place;
    if (deepest) this.#inside = [(deepest[0] - x) / width, (deepest[1] - y) / height];
  }
}

function boxOf({ box }: Candidate): Box {
  if (!box) throw new Error('a track needs a mask that is not empty');
  return box;
}

function shareWithin(place: Place, frame: NativeFrameInfo): number {
  const within = boxWithin(place, frame);
  if (!within) return 0;
  return ((within[2] - within[0]) * (within[3] - within[1])) / (place.width * place.height);
}
