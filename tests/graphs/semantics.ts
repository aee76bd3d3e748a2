/**
 * What the small semantic graphs compute: SAM's names, ranks and meanings, with a mask that is a closed form of image
 * and prompts, so that a few lines of TypeScript (reference.ts) say what must come out of the whole way of a frame.
 *
 * Everything lies on the mask grid, a quarter of the encoder's input: cell (u, v) has its centre at ((u+½)·4, (v+½)·4),
 * and its colour is the mean of its 4×4 input pixels, normalised as the family does it. The encoder only averages and
 * packs the cells into an embedding of stride 16, [1, 48, S/16, S/16].
 *
 * A logit is the sum of
 * - box (labels 2, 3): depth of the cell inside the box in cells of 16 px, clipped to ±3, + ½ − ¾ · colour difference
 *   to the cell at the box's centre;
 * - foreground points (label 1): the greatest of 2 − distance / (S/8) − colour difference to the point's cell;
 * - background points (label 0): − the sum of max(0, 3 − distance / (S/16));
 * - padding points (label −1): − ¼ each;
 * - the cell's own colour: 0.15 r − 0.1 g + 0.05 b;
 * - the mask input: ¼ of it, clipped to ±8 before;
 * - SAM 2's high-resolution features, which its encoder makes of the cells' colours: high_res_feats_0 [1, 2, S/4, S/4] is
 *   (0.5 r, −0.3 b), high_res_feats_1 [1, 3, S/8, S/8] the mean colour of 2×2 cells. A logit gets the sum of the first at its
 *   cell, and 0.4 r' − 0.6 g' + 0.2 b' of the second at its 2×2 cells;
 * - −2 without box and foreground point.
 * Candidate k is scale_k · (logit − shift_k). Colour difference: 0.6 |Δr| + 0.3 |Δg| + 0.1 |Δb|.
 *
 * Predicted IoU of candidate k: iou_k + 0.01 with a mask input + 0.002 · mean of (i+1)·label_i (so that the order of
 * points and corners shows) + 0.02 · (sin(X/4) + sin(Y/4)), X and Y the means of x_i and y_i in input pixels (so that
 * frames and offsets show: half a pixel is up to 0.0025).
 */
export const FAMILIES = [
  'nanosam',
  'sam',
  'edgesam',
  'efficientvit-sam',
  'efficientsam',
  'tinysam',
  'sam2',
] as const;
export type Family = (typeof FAMILIES)[number];

export interface SemanticModel {
  readonly family: Family;
  /** Side of the encoder's square input, a multiple of 16. */
  readonly size: number;
  /** Side of the square that prompts are given in (EfficientSAM takes source pixels and ignores it). */
  readonly promptFrame: number;
  /** `1` as the authors export it, or `free`: all prompts of an image in one run. */
  readonly batch: 1 | 'free';
}

/** A model of 256 px; EfficientViT-SAM's prompts are in the frame of 1024, the others' in the encoder's own. */
export function semanticModel(family: Family, options: Partial<SemanticModel> = {}): SemanticModel {
  const size = options.size ?? 256;
  return {
    family,
    size,
    promptFrame: options.promptFrame ?? (family === 'efficientvit-sam' ? 1024 : size),
    batch: options.batch ?? 'free',
  };
}

export const STRIDE = 4;
export const BOX_COLOUR = 0.75;
export const COLOUR_DIFFERENCE = [0.6, 0.3, 0.1] as const;
export const OWN_COLOUR = [0.15, -0.1, 0.05] as const;
/** What SAM 2's encoder makes of red and blue for its finest features, and what its decoder makes of the coarser ones. */
export const FINE_COLOUR = [0.5, -0.3] as const;
export const COARSE_COLOUR = [0.4, -0.6, 0.2] as const;

/**
 * EfficientSAM gives three candidates, unsorted; the others SAM's four. TinySAM's and SAM 2's candidate 0 has the best score,
 * so that whoever takes the best of all shows.
 */
export function candidates(family: Family): readonly { scale: number; shift: number; iou: number }[] {
  const first = family === 'tinysam' || family === 'sam2' ? 0.95 : 0.8;
  const four = [
    { scale: 1, shift: 0, iou: first },
    { scale: 2, shift: 0.6, iou: 0.6 },
    { scale: 1.5, shift: 0.2, iou: 0.9 },
    { scale: 0.5, shift: -0.4, iou: 0.7 },
  ];
  return family === 'efficientsam' ? four.slice(1) : four;
}

/** EfficientSAM's graph normalises by itself; the mean and deviation of 0..1 colours. */
export const UNIT_MEAN = [0.485, 0.456, 0.406] as const;
export const UNIT_STD = [0.229, 0.224, 0.225] as const;

/** EfficientSAM's decoder takes no more; what follows is dropped without a word. */
export const EFFICIENTSAM_POINTS = 6;
