import type { NativeAddon } from '../../src/native/types.js';
import type { Candidate } from '../../src/segment/segmenter.js';

/** A model's sure answer with this mask: `pixels` rows first, non-zero inside. */
export function candidateOf(
  addon: Pick<NativeAddon, 'maskToRle'>,
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Candidate {
  const { counts, area, box } = addon.maskToRle(pixels, width, height);
  return {
    index: 0,
    score: 0.9,
    stability: 0.9,
    area,
    box,
    rle: { size: [height, width], counts },
    lowres: { size: [1, 1], counts: '1', scale: [width, height] },
  };
}
