import type { EndedTrack } from '../masks/types.js';
import type { ColourPeak, MaskColours } from '../native/colours.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { Box, PromptPoint } from '../prompts/types.js';
import type { Candidate, KeptAnswerName, SegmentPrompt } from '../segment/segmenter.js';
import { Appearance } from './appearance.js';
import { fitOf, placeFit } from './judge.js';
import { Motion } from './motion.js';
import { Pattern, type PatternAddon } from './pattern.js';
import { boxIou, boxWithin, type FrameSides, type Place, placeOf, shareWithin } from './place.js';
import type { Tuning } from './tuning.js';
import type { TrackedObject, TrackSeed } from './types.js';

/** What a tracker asks of the addon. */
export type TrackerAddon = PatternAddon &
  Pick<NativeAddon, 'rleDeepest' | 'rleIou' | 'maskColours' | 'findColours'>;

/** A mask that may be an object's on a frame. */
export interface Offer {
  readonly candidate: Candidate;
  /** How well it fits what is known of the object, 0..1. */
  readonly fit: number;
  readonly colours: MaskColours | null;
  /** Under which its logits are kept. */
  readonly answer: KeptAnswerName;
}

/** The most prompts of one object on a frame. */
export const PROMPTS_EACH = 2;
/** Masks that look less like the object are not taken. */
const LEAST_LIKENESS = 0.65;
/** A peak of lower score shows nothing. */
const LEAST_PEAK = 0.2;
/** Sides of the window that is looked for are cut at this, px. */
const MOST_WINDOW_PX = 2 ** 16;
/** A place that overlaps the expected one more than this is no other. */
const SAME_PLACE_IOU = 0.75;
/** How fast an object that is not found may have got away from where it was expected, its own size / s. */
const SEARCH_SPEED = 4;
/** And within what it is looked for at least, its own size. */
const SEARCH_SIZES = 1;
/** Looks are learnt within about this time, ms. */
const LEARN_MS = 800;
/** A correction that overlaps what is expected this much is of the same object at about the same place. */
const SAME_OBJECT_IOU = 0.3;
/** How much of its looks is learnt anew from a correction. */
const CORRECTION_SHARE = 0.3;
/** An object less of which than this share is expected within the frame has left it. */
const LEFT_SHARE = 0.25;
/** Of a mask that two objects are after: it moves its winner little, for who it is shows when they part. */
const CONTESTED_TRUST = 0.3;
/** Of a mask where the pixels have said where it is: it leans on the box that was asked for, and what it gets wrong adds up. */
const ANCHORED_TRUST = 0.3;

export interface FollowedOptions {
  readonly addon: TrackerAddon;
  readonly tuning: Tuning;
}

/** One object: where it goes, how it looks, what of it was seen last, and what of a frame may be it. */
export class FollowedObject {
  readonly #options: FollowedOptions;
  readonly #label: string | undefined;
  readonly #confidence: number | undefined;
  readonly #firstAt: number;
  #motion: Motion;
  #appearance: Appearance | null;
  #pattern: Pattern | null;
  /** Its pixels were found on the frame that is looked at. */
  #anchored = false;
  /** Capture time that the motion stands at, and that at which it was found last. */
  #at: number;
  #foundAt: number;
  #frame: FrameSides;
  /** Of the last mask: a pixel well inside, relative to the middle, in units of the box's sides. */
  #inside: readonly [number, number] = [0, 0];
  /** Pixels of the whole object in those of its box. */
  #fill = 1;
  #answer: KeptAnswerName | null = null;
  /** It was not found in the last frame that was looked at. */
  #missing = false;
  #pointsRefused = false;
  readonly #asked = new Map<string, Box>();
  readonly #offers: Offer[] = [];
  #found: Offer | null = null;

  constructor({ label, confidence, candidate, frame }: TrackSeed, options: FollowedOptions) {
    this.#options = options;
    this.#label = label;
    this.#confidence = confidence;
    this.#firstAt = frame.timestamp;
    this.#at = frame.timestamp;
    this.#foundAt = frame.timestamp;
    this.#frame = frame;
    const box = boxOf(candidate);
    this.#motion = new Motion(box);
    const colours = this.#colours(candidate, frame);
    this.#appearance = colours && new Appearance(colours);
    this.#keepShape(candidate, frame);
    this.#pattern = this.#patternOf(candidate, placeOf(box), frame);
  }

  get offers(): readonly Offer[] {
    return this.#offers;
  }

  get found(): Offer | null {
    return this.#found;
  }

  /**
   * Somebody knows better where it is, or was a little while ago: then it has gone on from there as it goes now. Near to
   * where it is expected this is one more look at it; far from there all that was known is void.
   */
  correctBy({ candidate, frame }: TrackSeed): void {
    const sameSize = frame.width === this.#frame.width && frame.height === this.#frame.height;
    if (frame.timestamp > this.#at) this.#goTo(frame);
    const late = this.#at - frame.timestamp;
    const box = this.#motion.moved(boxOf(candidate), late);
    const expected = boxWithin(this.#motion.place, this.#frame);
    const colours = this.#colours(candidate, frame);
    if (sameSize && expected && boxIou(box, expected) >= SAME_OBJECT_IOU) {
      this.#motion.correct(box, this.#frame);
      if (colours) this.#appearance?.learn(colours, CORRECTION_SHARE);
    } else {
      this.#motion = new Motion(box);
      this.#appearance = colours && new Appearance(colours);
      this.#frame = frame;
    }
    this.#pattern = this.#patternOf(candidate, placeOf(boxOf(candidate)), frame);
    this.#foundAt = Math.max(this.#foundAt, frame.timestamp);
    this.#missing = false;
    this.#answer = null;
    this.#keepShape(candidate, frame);
  }

  /** Up to two: where it is expected, and where its colours are. */
  prompts(id: string, frame: NativeFrameInfo): SegmentPrompt[] {
    this.#asked.clear();
    this.#offers.length = 0;
    this.#found = null;
    this.#goTo(frame);
    this.#register(frame);
    const { place } = this.#motion;
    const prompts: SegmentPrompt[] = [];
    const ask = (box: Box | null, inside: readonly [number, number]): void => {
      if (!box) return;
      const name = prompts.length === 0 ? id : `${id}@${prompts.length}`;
      this.#asked.set(name, box);
      prompts.push(this.#prompt(name, box, inside));
    };
    const expected = boxWithin(place, frame);
    const peaks = this.#peaks(frame);
    const own: readonly [number, number] = [
      place.x + this.#inside[0] * place.width,
      place.y + this.#inside[1] * place.height,
    ];
    const lost = this.#missing;
    if (!lost) ask(expected, own);
    for (const peak of peaks) {
      if (prompts.length >= PROMPTS_EACH) break;
      const seen = boxWithin(placeOf(peak.seen), frame);
      if (!seen || (!lost && expected && boxIou(seen, expected) > SAME_PLACE_IOU)) continue;
      ask(seen, peak.inside);
    }
    if (lost && prompts.length < PROMPTS_EACH) ask(expected, own);
    return prompts;
  }

  /** What the model answered to one of its prompts. */
  offer(promptId: string, candidates: readonly Candidate[], frame: NativeFrameInfo): void {
    const asked = this.#asked.get(promptId);
    if (!asked) return;
    const several = candidates.length > 1 || this.#options.tuning.multimask;
    for (const [i, candidate] of candidates.entries()) {
      const judged = this.#judge(candidate, asked, frame);
      if (!judged) continue;
      const maskId = several ? `${promptId}#${i}` : promptId;
      this.#offers.push({ candidate, ...judged, answer: { frameId: frame.id, maskId } });
    }
  }

  /** The model takes no points. */
  refusePoints(): void {
    this.#pointsRefused = true;
  }

  take(offer: Offer): void {
    this.#found = offer;
  }

  /**
   * Takes the mask in that was found; says how the track ended, if it did.
   * @param contested somebody else is after the same mask.
   */
  settle(frame: NativeFrameInfo, lostMs: number, contested: boolean): EndedTrack['reason'] | null {
    const found = this.#found;
    if (!found) {
      this.#answer = null;
      this.#missing = true;
      if (frame.timestamp - this.#foundAt < lostMs) return null;
      return shareWithin(this.#motion.place, frame) < LEFT_SHARE ? 'left' : 'lost';
    }
    const { candidate, colours, answer } = found;
    const since = frame.timestamp - this.#foundAt;
    this.#missing = false;
    const trust = this.#anchored ? ANCHORED_TRUST : 1;
    this.#motion.correct(boxOf(candidate), frame, contested ? Math.min(trust, CONTESTED_TRUST) : trust);
    if (!contested) this.#pattern?.keep(candidate.rle.counts, this.#motion.place, frame);
    this.#foundAt = Math.max(this.#foundAt, frame.timestamp);
    // Logits that were made of logits drift away from the picture within some frames: every other answer is made afresh.
    this.#answer = this.#answer ? null : answer;
    if (contested) return null;
    this.#keepShape(candidate, frame);
    if (colours) this.#appearance?.learn(colours, 1 - Math.exp(-Math.max(0, since) / LEARN_MS));
    return null;
  }

  state(id: string, frame: NativeFrameInfo): TrackedObject {
    return {
      id,
      ...(this.#label === undefined ? {} : { label: this.#label }),
      ...(this.#confidence === undefined ? {} : { confidence: this.#confidence }),
      info: {
        state: this.#found ? 'tracked' : 'occluded',
        ageMs: Math.max(0, frame.timestamp - this.#firstAt),
      },
      candidate: this.#found?.candidate ?? null,
    };
  }

  #goTo(frame: NativeFrameInfo): void {
    const { width, height } = this.#frame;
    if (width !== frame.width || height !== frame.height) {
      this.#motion.scale(frame.width / width, frame.height / height);
      this.#answer = null;
    }
    this.#frame = frame;
    this.#motion.predict(frame.timestamp - this.#at, !this.#missing);
    this.#at = frame.timestamp;
    // A clock that was set back must not keep what is lost for as long.
    this.#foundAt = Math.min(this.#foundAt, frame.timestamp);
    const { width: w, height: h } = this.#motion.place;
    this.#motion.keepWithin([-w / 2, -h / 2, frame.width + w / 2, frame.height + h / 2]);
  }
  /** How far from where it is expected it may be, px. */
  get #reach(): number {
    const size = this.#motion.size;
    const missedS = Math.max(0, this.#at - this.#foundAt) / 1000;
    return SEARCH_SIZES * size + this.#motion.error + (this.#missing ? SEARCH_SPEED * size * missedS : 0);
  }

  #peaks(frame: NativeFrameInfo): readonly ColourPeak[] {
    const { tuning, addon } = this.#options;
    if (!tuning.search || !this.#appearance) return [];
    const { x, y, width, height } = this.#motion.place;
    const reach = this.#reach;
    const peaks = addon.findColours(frame.id, this.#appearance.chances, {
      area: [x - reach, y - reach, x + reach, y + reach],
      width: Math.min(MOST_WINDOW_PX, Math.max(1, width)),
      height: Math.min(MOST_WINDOW_PX, Math.max(1, height)),
      expected: [x, y],
      sigma: reach,
      peaks: this.#missing ? 2 : 1,
    });
    return peaks.filter(({ score }) => score >= LEAST_PEAK);
  }

  #prompt(id: string, box: Box, [x, y]: readonly [number, number]): SegmentPrompt {
    const { points, logits, multimask } = this.#options.tuning;
    const inside = (value: number, low: number, high: number): number =>
      Math.min(high - 1, Math.max(low, value));
    const point: PromptPoint = { x: inside(x, box[0], box[2]), y: inside(y, box[1], box[3]), label: 1 };
    return {
      id,
      box,
      points: points && !this.#pointsRefused ? [point] : [],
      multimask,
      keepLogits: logits,
      ...(logits && this.#answer ? { previous: this.#answer } : {}),
    };
  }

  #judge(candidate: Candidate, asked: Box, frame: NativeFrameInfo): Pick<Offer, 'fit' | 'colours'> | null {
    const { x, y, width, height } = this.#motion.place;
    const parts = placeFit(candidate, {
      box: boxWithin(this.#motion.place, frame),
      asked,
      area: width * height * this.#fill,
      reach: this.#reach,
      middle: [x, y],
    });
    if (!parts) return null;
    const colours = this.#colours(candidate, frame);
    if (!colours || !this.#appearance || !this.#options.tuning.appearance)
      return { fit: fitOf(parts, 1), colours };
    const likeness = this.#appearance.likeness(colours);
    if (likeness < LEAST_LIKENESS || this.#appearance.isSurroundings(colours)) return null;
    return { fit: fitOf(parts, likeness), colours };
  }

  #colours({ rle }: Candidate, frame: NativeFrameInfo): MaskColours | null {
    const { tuning, addon } = this.#options;
    return tuning.appearance || tuning.search ? addon.maskColours(frame.id, rle.counts) : null;
  }

  /** Where its pixels have gone says where it is, whatever the model makes of them. */
  #register(frame: NativeFrameInfo): void {
    this.#anchored = false;
    if (!this.#pattern || this.#missing) return;
    const found = this.#pattern.find(this.#motion.place, frame);
    if (!found) return;
    this.#anchored = true;
    this.#motion.register(found);
  }

  #patternOf({ rle }: Candidate, place: Place, frame: NativeFrameInfo): Pattern | null {
    const { addon, tuning } = this.#options;
    return tuning.pixels ? new Pattern(addon, rle.counts, place, frame) : null;
  }

  #keepShape({ rle, area, box }: Candidate, frame: FrameSides): void {
    if (!box) return;
    const deepest = this.#options.addon.rleDeepest(rle.counts, frame.width, frame.height);
    const { x, y, width, height } = placeOf(box);
    if (deepest) this.#inside = [(deepest[0] - x) / width, (deepest[1] - y) / height];
    this.#fill = area / (width * height);
  }
}

function boxOf({ box }: Candidate): Box {
  if (!box) throw new Error('a track needs a mask that is not empty');
  return box;
}
