import type { EndedTrack } from '../masks/types.js';
import type { NativeFrameInfo } from '../native/types.js';
import type { Candidate, PromptResult, SegmentPrompt } from '../segment/segmenter.js';
import { FollowedObject, type Offer, PROMPTS_EACH, type TrackerAddon } from './followed.js';
import { boxIou } from './place.js';
import { TUNING, type Tuning } from './tuning.js';
import type { TrackedObject, Tracker, TrackSeed, TrackUpdate } from './types.js';

export interface TrackerOptions {
  readonly addon: TrackerAddon;
  /** A track whose object is not found for so long of capture time is lost. Default 3000. */
  readonly lostMs?: number;
  /** For measurements of what each part is worth. Default {@link TUNING}. */
  readonly tuning?: Partial<Tuning>;
}

const LOST_MS = 3000;
/** Of two masks that share more than this part of the smaller one, one is not of its own object. */
const SHARED = 0.6;

export function createTracker({ addon, lostMs = LOST_MS, tuning }: TrackerOptions): Tracker {
  return new MaskTracker(addon, { ...TUNING, ...tuning }, lostMs);
}

class MaskTracker implements Tracker {
  readonly #addon: TrackerAddon;
  readonly #lostMs: number;
  readonly #objects = new Map<string, FollowedObject>();
  /** Whom the prompts of the last frame were made for, by their ids: names may change while the model runs. */
  readonly #asked = new Map<string, FollowedObject>();

  readonly #tuning: Tuning;

  constructor(addon: TrackerAddon, tuning: Tuning, lostMs: number) {
    this.#addon = addon;
    this.#tuning = tuning;
    this.#lostMs = lostMs;
  }

  get size(): number {
    return this.#objects.size;
  }

  get mostPrompts(): number {
    return this.#objects.size * PROMPTS_EACH;
  }

  add(seed: TrackSeed): void {
    const known = this.#objects.get(seed.id);
    if (known) known.correctBy(seed);
    else this.#objects.set(seed.id, new FollowedObject(seed, { addon: this.#addon, tuning: this.#tuning }));
  }

  remove(id: string): boolean {
    return this.#objects.delete(id);
  }

  rename(id: string, to: string): boolean {
    const object = this.#objects.get(id);
    if (!object || this.#objects.has(to)) return false;
    // The order of the map is the order in which they were added.
    const all = [...this.#objects];
    this.#objects.clear();
    for (const [key, value] of all) this.#objects.set(key === id ? to : key, value);
    return true;
  }

  prompts(frame: NativeFrameInfo): readonly SegmentPrompt[] {
    this.#asked.clear();
    return [...this.#objects].flatMap(([id, object]) => {
      const prompts = object.prompts(id, frame);
      for (const prompt of prompts) this.#asked.set(prompt.id, object);
      return prompts;
    });
  }

  update(
    frame: NativeFrameInfo,
    prompts: readonly SegmentPrompt[],
    results: readonly PromptResult[],
  ): TrackUpdate {
    for (const [i, { id }] of prompts.entries()) {
      const result = results[i];
      const object = this.#asked.get(id);
      if (!result || !object) continue;
      if ('candidates' in result) object.offer(id, result.candidates, frame);
      else if (result.error.code === 'unsupported_prompt') object.refusePoints();
    }
    const contested = this.#share(frame);
    const objects: TrackedObject[] = [];
    const ended: EndedTrack[] = [];
    for (const [id, object] of this.#objects) {
      const end = object.settle(frame, this.#lostMs, contested.has(object));
      if (end) ended.push({ id, reason: end });
      else objects.push(object.state(id, frame));
    }
    for (const { id } of ended) this.#objects.delete(id);
    return { objects, ended };
  }

  /**
   * Gives each object the mask that fits it best, the best fit of all first, but no two the same one: whose mask is gone
   * has not been found, so that no ids change hands. Returns those whose mask another was after too.
   */
  #share(frame: NativeFrameInfo): Set<FollowedObject> {
    const offers = [...this.#objects.values()].flatMap((object) =>
      object.offers.map((offer) => ({ object, offer })),
    );
    offers.sort((a, b) => b.offer.fit - a.offer.fit);
    const taken: { object: FollowedObject; offer: Offer }[] = [];
    const refused = new Map<FollowedObject, FollowedObject>();
    for (const { object, offer } of offers) {
      if (object.found) continue;
      const owner = taken.find(
        (other) => this.#sharedPart(other.offer.candidate, offer.candidate, frame) > SHARED,
      );
      if (owner) refused.set(object, owner.object);
      else {
        object.take(offer);
        taken.push({ object, offer });
      }
    }
    return new Set([...refused].flatMap(([loser, owner]) => (loser.found ? [] : [owner])));
  }

  #sharedPart(a: Candidate, b: Candidate, { width, height }: NativeFrameInfo): number {
    if (!a.box || !b.box || boxIou(a.box, b.box) === 0) return 0;
    const iou = this.#addon.rleIou(a.rle.counts, b.rle.counts, width, height);
    return (iou * (a.area + b.area)) / (1 + iou) / Math.min(a.area, b.area);
  }
}
