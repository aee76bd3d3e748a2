import type { CocoRle } from '../../masks/types.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { Box } from '../../prompts/types.js';
import type { Candidate } from '../../segment/segmenter.js';
import { placeOf } from '../../track/place.js';

/** Detections that come later than this after their frame's capture are held against the oldest that is known. */
const KEPT_MS = 2000;
/** Bounds memory where a camera gives more frames than anybody needs. */
const KEPT = 128;
/** An object is not expected to go on as it went for longer. */
const EXTRAPOLATED_MS = 1000;

/** Where an object was on a frame, as far as is known. */
export interface Place {
  readonly box: Box;
  /** Its mask, where it was found on that very frame. */
  readonly rle: CocoRle | null;
  /** False: it was not seen around that time, and is only expected there. */
  readonly sure: boolean;
}

type Moment = Pick<NativeFrameInfo, 'seq' | 'timestamp'>;

interface Sighting extends Moment {
  readonly box: Box;
  readonly rle: CocoRle;
}

/** Where one object was found lately, so that what comes late can be held against the frame that it is about. */
export class Sightings {
  /** Oldest first. */
  readonly #list: Sighting[] = [];

  get last(): Moment | undefined {
    return this.#list.at(-1);
  }

  /** The object was found; what was known of this frame and later ones is forgotten. An empty mask is no sighting. */
  add({ seq, timestamp }: Moment, { box, rle }: Pick<Candidate, 'box' | 'rle'>): void {
    if (!box) return;
    while ((this.last?.timestamp ?? 0) >= timestamp && this.#list.length > 0) this.#list.pop();
    this.#list.push({ seq, timestamp, box, rle });
    const old = (sighting: Sighting): boolean => timestamp - sighting.timestamp > KEPT_MS;
    while (this.#list.length > KEPT || (this.#list.length > 2 && this.#list[0] && old(this.#list[0])))
      this.#list.shift();
  }

  clear(): void {
    this.#list.length = 0;
  }

  /** On a frame: its mask, or the box between those of the frames around it, or the one that it was going to. */
  at({ seq, timestamp }: Moment): Place | null {
    const exact = this.#list.find((sighting) => sighting.seq === seq);
    if (exact) return { box: exact.box, rle: exact.rle, sure: true };
    const after = this.#list.findIndex((sighting) => sighting.timestamp > timestamp);
    const next = after < 0 ? undefined : this.#list[after];
    const before = this.#list[(after < 0 ? this.#list.length : after) - 1];
    if (before && next) {
      const share = (timestamp - before.timestamp) / (next.timestamp - before.timestamp);
      return { box: between(before.box, next.box, share), rle: null, sure: true };
    }
    if (next) return { box: next.box, rle: null, sure: false };
    return before ? { box: this.#expected(before, timestamp), rle: null, sure: false } : null;
  }

  /** As it moved over its last sightings; its size stays. */
  #expected(last: Sighting, timestamp: number): Box {
    const earlier = this.#list.at(-2);
    const spanMs = earlier ? last.timestamp - earlier.timestamp : 0;
    if (!earlier || spanMs <= 0) return last.box;
    const share = Math.min(EXTRAPOLATED_MS, timestamp - last.timestamp) / spanMs;
    const [from, to] = [placeOf(earlier.box), placeOf(last.box)];
    const [x, y] = [(to.x - from.x) * share, (to.y - from.y) * share];
    const [x1, y1, x2, y2] = last.box;
    return [x1 + x, y1 + y, x2 + x, y2 + y];
  }
}

function between(a: Box, b: Box, share: number): Box {
  const mix = (i: 0 | 1 | 2 | 3): number => a[i] + (b[i] - a[i]) * share;
  return [mix(0), mix(1), mix(2), mix(3)];
}
