/** How an annotation becomes a prompt: by its box, or by one point of its mask. */
export const PROMPT_KINDS = ['box', 'point'] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

/** What was measured of one annotation. */
export interface MaskScore {
  /** The annotation's id. */
  readonly annotation: number;
  readonly category: string;
  /** Pixels: COCO's `area` where the file gives it, else the mask's. */
  readonly area: number;
  /** IoU of the model's answer with the annotation's mask, at full size, 0..1. */
  readonly iou: number;
  /** IoU of the best of the model's candidates (point prompts only). */
  readonly oracle?: number;
  /** Why the model gave no mask; its IoU is 0. */
  readonly failed?: string;
}

/** One picture that was measured. */
export interface PictureScores {
  readonly image: number;
  readonly file: string;
  readonly scores: readonly MaskScore[];
  /** Annotations without a pixel, which nothing can be compared with. */
  readonly empty: number;
  /** Preparing and encoding the picture, in ms. */
  readonly encodeMs: number;
  /** Decoding all prompts and making their masks, in ms. */
  readonly decodeMs: number;
}

/** One picture that was not: it is missing, can't be read, or has another size than the annotations say. */
export interface SkippedPicture {
  readonly image: number;
  readonly file: string;
  readonly skipped: string;
}

export type PictureRecord = PictureScores | SkippedPicture;
