import { SamwireError } from '../errors.js';
import type { NativeAddon, NativeMask } from '../native/types.js';
import type { EvalAnnotation, EvalImage } from './annotations.js';

type Addon = Pick<NativeAddon, 'rleToMask' | 'maskToRle' | 'polygonsToRle'>;

/** The mask that an annotation stands for, at its picture's size. */
export interface TrueMask {
  /** COCO compressed counts, column-major. */
  readonly counts: string;
  /** Pixels. */
  readonly area: number;
  /** [x1, y1, exclusive x2, y2]; null when the mask is empty. */
  readonly box: NativeMask['box'];
}

/**
 * An annotation's mask: from compressed or uncompressed RLE, or polygons, which are filled as pycocotools fills them.
 * @throws SamwireError `invalid_message` with the annotation's path.
 */
export function trueMask(annotation: EvalAnnotation, image: EvalImage, addon: Addon): TrueMask {
  const { segmentation, path } = annotation;
  const { width, height } = image;
  try {
    if (Array.isArray(segmentation))
      return addon.polygonsToRle(
        segmentation.map((ring) => Float64Array.from(ring)),
        width,
        height,
      );
    const [rows, columns] = segmentation.size;
    if (rows !== height || columns !== width)
      throw new SamwireError(
        'invalid_message',
        `Expected a mask of the picture's size [${height}, ${width}], got [${rows}, ${columns}]`,
      );
    const { counts } = segmentation;
    const text = typeof counts === 'string' ? counts : compressRuns(counts);
    return addon.maskToRle(addon.rleToMask(text, width, height), width, height);
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    throw new SamwireError('invalid_message', `${path}.segmentation: ${thrown.message}`, { cause: thrown });
  }
}

/**
 * COCO's compressed text of run lengths: each run, from the fourth on less the run before last, in groups of five bits
 * from the lowest on; a group's sixth bit says that more follow, and it stands as the character '0' + group.
 */
export function compressRuns(counts: readonly number[]): string {
  let text = '';
  for (const [i, count] of counts.entries()) {
    let rest = count - (i > 2 ? (counts[i - 2] ?? 0) : 0);
    for (let more = true; more; ) {
      const group = rest & 31;
      rest >>= 5;
      more = group & 16 ? rest !== -1 : rest !== 0;
      text += String.fromCharCode(48 + (more ? group | 32 : group));
    }
  }
  return text;
}
