import type { NativeAddon } from '../../../src/native/types.js';
import type { Box } from '../../../src/prompts/types.js';
import type { Clip, ClipFrame } from './types.js';

/** Of its whole silhouette, beyond the frame's border too: an object less of which is seen is not asked for. */
export const VISIBLE_SHARE = 0.25;

/** What is true of a followed object in one frame. */
export interface ObjectTruth {
  readonly id: string;
  /** Of what is seen of it; null where nothing is. */
  readonly mask: { readonly counts: string; readonly area: number; readonly box: Box } | null;
  /** `partly`: less than {@link VISIBLE_SHARE} of it, but something. */
  readonly seen: 'visible' | 'partly' | 'hidden';
}

export function truthOf(
  clip: Clip,
  { labels, wholes }: ClipFrame,
  addon: Pick<NativeAddon, 'maskToRle'>,
): ObjectTruth[] {
  return clip.objects.flatMap(({ id, followed }, k): ObjectTruth[] => {
    if (!followed) return [];
    const own = labels.map((label) => (label === k + 1 ? 1 : 0));
    const { counts, area, box } = addon.maskToRle(own, clip.width, clip.height);
    if (!box) return [{ id, mask: null, seen: 'hidden' }];
    const visible = area >= VISIBLE_SHARE * (wholes[k] ?? 0);
    return [{ id, mask: { counts, area, box }, seen: visible ? 'visible' : 'partly' }];
  });
}
