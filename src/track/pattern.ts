import type { Patch, PatchBox } from '../native/patches.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import { type Place, placeOf } from './place.js';

/** What is less like the object as it was seen last is something else, or shows too little to go by. */
const LEAST_LIKE_LAST = 0.9;
/** What is at least this like it as it was seen first is placed by that. */
const LEAST_LIKE_FIRST = 0.85;

/** Nor is what is farther from where it was expected, in its own size: so far off, a wrong place often looks right. */
const MOST_AWAY = 0.12;

/** What a pattern asks of the addon. */
export type PatternAddon = Pick<NativeAddon, 'samplePatch' | 'findPatches'>;

/**
 * An object's pixels, as it was seen last and as it was seen first. The last finds it from frame to frame however it
 * changes, but each step adds its error; where the first still fits, it takes them back.
 */
export class Pattern {
  readonly #addon: PatternAddon;
  readonly #first: Patch;
  #last: Patch;

  /** @param counts its mask. */
  constructor(addon: PatternAddon, counts: string, place: Place, frame: NativeFrameInfo) {
    this.#addon = addon;
    this.#first = addon.samplePatch(frame.id, counts, boxOf(place));
    this.#last = this.#first;
  }

  keep(counts: string, place: Place, frame: NativeFrameInfo): void {
    this.#last = this.#addon.samplePatch(frame.id, counts, boxOf(place));
  }

  /** Null where it is not found within about a quarter of its sides. */
  find(guess: Place, frame: NativeFrameInfo): Place | null {
    const [last, first] = this.#addon.findPatches(frame.id, [this.#last, this.#first], boxOf(guess));
    if (!last || !first || !(last.likeness >= LEAST_LIKE_LAST)) return null;
    const at = placeOf([...last.box]);
    const away = Math.hypot(at.x - guess.x, at.y - guess.y) / Math.sqrt(guess.width * guess.height);
    if (away > MOST_AWAY) return null;
    const [x1, y1, x2, y2] = first.likeness >= LEAST_LIKE_FIRST ? first.box : last.box;
    return placeOf([x1, y1, x2, y2]);
  }
}

function boxOf({ x, y, width, height }: Place): PatchBox {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
