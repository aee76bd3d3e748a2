/** What the tracker goes by; docs/tracks.md says what each part of it is worth. */
export interface Tuning {
  /** A point inside the object beside its box. */
  readonly points: boolean;
  /** The logits of the last answer, where the model takes a mask. */
  readonly logits: boolean;
  /** Colours decide what is taken for the object. */
  readonly appearance: boolean;
  /** Its colours are looked for where it is not found, or not where it was expected. */
  readonly search: boolean;
  /** The best of all of the model's candidates, instead of the model's own choice. */
  readonly multimask: boolean;
  /** Where its pixels have gone says where it is, and its masks little. */
  readonly pixels: boolean;
}

export const TUNING: Tuning = {
  points: true,
  logits: false,
  appearance: true,
  search: true,
  multimask: false,
  pixels: true,
};
