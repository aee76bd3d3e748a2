import type { NativeAddon } from '../../src/native/types.js';
import type { TrackUpdate } from '../../src/track/types.js';
import type { ObjectTruth } from './clips/truth.js';

/** How well a clip's objects were followed, all frames but the first, where they are given. */
export interface TrackScore {
  /** Objects times frames in which they are visible. */
  readonly visible: number;
  /** Sum over these of the IoU with the truth, 0 where there is no mask. */
  readonly iou: number;
  /** Sum over these of the IoU that the truth's own box gives with the same model. */
  readonly boxIou: number;
  /** Changes of the object that a track is on, to another one and back. */
  readonly switches: number;
  /** Times that an object came to be visible again after it was wholly hidden, and that its own track found it. */
  readonly returns: number;
  readonly found: number;
  /** Objects times frames in which nothing of them is seen, and how often their tracks had a mask all the same. */
  readonly hidden: number;
  readonly falseMasks: number;
  /** Tracks that had ended by the last frame. */
  readonly ended: number;
}

const NOTHING: TrackScore = {
  visible: 0,
  iou: 0,
  boxIou: 0,
  switches: 0,
  returns: 0,
  found: 0,
  hidden: 0,
  falseMasks: 0,
  ended: 0,
};

export function sumOf(scores: readonly TrackScore[]): TrackScore {
  const sum: Record<keyof TrackScore, number> = { ...NOTHING };
  for (const score of scores)
    for (const key of Object.keys(sum) as (keyof TrackScore)[]) sum[key] += score[key];
  return sum;
}

/** A mask that covers another object better than this, and better than its own, is on that one. */
const ON_IOU = 0.3;

interface Followed {
  on: string;
  awaited: boolean;
}

/** Keeps score of one tracker over one clip: tracks have the ids of their objects. */
export class ScoreKeeper {
  readonly #addon: Pick<NativeAddon, 'rleIou'>;
  readonly #size: { readonly width: number; readonly height: number };
  readonly #followed = new Map<string, Followed>();
  readonly #sum: Record<keyof TrackScore, number> = { ...NOTHING };

  constructor(addon: Pick<NativeAddon, 'rleIou'>, size: { readonly width: number; readonly height: number }) {
    this.#addon = addon;
    this.#size = size;
  }

  get score(): TrackScore {
    return { ...this.#sum };
  }

  /** `boxIous[i]`: what the truth's box gives for `truths[i]`. */
  frame(truths: readonly ObjectTruth[], update: TrackUpdate, boxIous: readonly number[]): void {
    this.#sum.ended += update.ended.length;
    for (const [i, truth] of truths.entries()) {
      const counts = update.objects.find(({ id }) => id === truth.id)?.candidate?.rle.counts;
      const followed = this.#of(truth.id);
      const own = this.#iou(truth, counts);
      if (truth.seen === 'visible') {
        this.#sum.visible++;
        this.#sum.iou += own;
        this.#sum.boxIou += boxIous[i] ?? 0;
        if (followed.awaited && own > 0.5) {
          followed.awaited = false;
          this.#sum.found++;
        }
      } else if (truth.seen === 'hidden') {
        this.#sum.hidden++;
        if (counts !== undefined) this.#sum.falseMasks++;
        if (!followed.awaited) this.#sum.returns++;
        followed.awaited = true;
      }
      this.#countSwitch(truths, { truth, counts, own, followed });
    }
  }

  #countSwitch(
    truths: readonly ObjectTruth[],
    {
      truth,
      counts,
      own,
      followed,
    }: { truth: ObjectTruth; counts: string | undefined; own: number; followed: Followed },
  ): void {
    if (counts === undefined) return;
    let [on, best] = [own > ON_IOU ? truth.id : followed.on, Math.max(own, ON_IOU)];
    for (const other of truths) {
      const iou = other.id === truth.id ? 0 : this.#iou(other, counts);
      if (iou > best) [on, best] = [other.id, iou];
    }
    if (on !== followed.on) this.#sum.switches++;
    followed.on = on;
  }

  #of(id: string): Followed {
    const known = this.#followed.get(id) ?? { on: id, awaited: false };
    this.#followed.set(id, known);
    return known;
  }

  #iou({ mask }: ObjectTruth, counts: string | undefined): number {
    if (!mask || counts === undefined) return 0;
    return this.#addon.rleIou(mask.counts, counts, this.#size.width, this.#size.height);
  }
}
