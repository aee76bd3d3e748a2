import type { EndedTrack } from '../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { PromptResult, SegmentPrompt } from '../segment/segmenter.js';
import { FollowedObject } from './followed.js';
import type { TrackedObject, Tracker, TrackSeed, TrackUpdate } from './types.js';

/** What the tracker asks of the addon. */
export type TrackerAddon = Pick<NativeAddon, 'rleDeepest' | 'rleIou'>;

export interface TrackerOptions {
  readonly addon: TrackerAddon;
  /** A track whose object is not found for so long of capture time is lost. Default 3000. */
  readonly lostMs?: number;
}

const LOST_MS = 3000;
/** Two masks of a higher IoU are of one object. */
const SAME_IOU = 0.6;

export function createTracker({ addon, lostMs = LOST_MS }: TrackerOptions): Tracker {
  return new MaskTracker(addon, lostMs);
}

class MaskTracker implements Tracker {
  readonly #addon: TrackerAddon;
  readonly #lostMs: number;
  readonly #objects = new Map<string, FollowedObject>();
  /** Whom the prompts of the last frame were made for, by their ids: names may change while the model runs. */
  readonly #asked = new Map<string, FollowedObject>();

  constructor(addon: TrackerAddon, lostMs: number) {
    this.#addon = addon;
    this.#lostMs = lostMs;
  }

  get size(): number {
    return this.#objects.size;
  }

  add(seed: TrackSeed): void {
    const known = this.#objects.get(seed.id);
    if (known) known.correctBy(seed);
    else this.#objects.set(seed.id, new FollowedObject(seed, this.#addon));
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
      const candidates = result && 'candidates' in result ? result.candidates : [];
      this.#asked.get(id)?.choose(candidates, frame);
    }
    this.#oneMaskOneObject(frame);
    const objects: TrackedObject[] = [];
    const ended: EndedTrack[] = [];
    for (const [id, object] of this.#objects) {
      const end = object.settle(frame, this.#lostMs);
      if (end) ended.push({ id, reason: end });
      else objects.push(object.state(id, frame));
    }
    for (const { id } of ended) this.#objects.delete(id);
    return { objects, ended };
  }

  /** Of two objects that took the same mask the one that it fits worse has not been found: no ids change hands. */
  #oneMaskOneObject({ width, height }: NativeFrameInfo): void {
    const found = [...this.#objects.values()].filter((object) => object.choice !== null);
    found.sort((a, b) => (b.choice?.fit ?? 0) - (a.choice?.fit ?? 0));
    for (const [i, better] of found.entries()) {
      for (const worse of found.slice(i + 1)) {
        const [a, b] = [better.choice?.candidate, worse.choice?.candidate];
        if (!a || !b) continue;
        if (this.#addon.rleIou(a.rle.counts, b.rle.counts, width, height) > SAME_IOU) worse.giveUp();
      }
    }
  }
}
