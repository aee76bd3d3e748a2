import { z } from 'zod';

/** How an annotation becomes a prompt: by its box, or by one point of its mask. */
export const PROMPT_KINDS = ['box', 'point'] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

const share = z.number().min(0).max(1);
const ms = z.number().min(0);

/** What was measured of one annotation. */
const maskScore = z.object({
  /** The annotation's id. */
  annotation: z.int(),
  category: z.string(),
  /** Pixels: COCO's `area` where the file gives it, else the mask's. */
  area: z.number().min(0),
  /** IoU of the model's answer with the annotation's mask, at full size, 0..1. */
  iou: share,
  /** IoU of the best of the model's candidates (point prompts only). */
  oracle: share.exactOptional(),
  /** Why the model gave no mask; its IoU is 0. */
  failed: z.string().exactOptional(),
});
export type MaskScore = z.infer<typeof maskScore>;

/** One picture that was measured. */
const pictureScores = z.object({
  image: z.int(),
  file: z.string(),
  scores: z.array(maskScore).readonly(),
  /** Annotations without a pixel, which nothing can be compared with. */
  empty: z.int().min(0),
  /** Preparing and encoding the picture. */
  encodeMs: ms,
  /** Decoding all prompts and making their masks. */
  decodeMs: ms,
});
export type PictureScores = z.infer<typeof pictureScores>;

/** One picture that was not: it is missing, can't be read, or has another size than the annotations say. */
const skippedPicture = z.object({ image: z.int(), file: z.string(), skipped: z.string() });
export type SkippedPicture = z.infer<typeof skippedPicture>;

export const pictureRecordSchema = z.union([pictureScores, skippedPicture]);
export type PictureRecord = z.infer<typeof pictureRecordSchema>;
