/** The names that the families' exporters give to a decoder's inputs, by role; the usual one first. */
export const EMBEDDINGS: readonly string[] = ['image_embeddings', 'image_embed'];
/** Those of `transformers`' exports are the last. */
export const COORDS: readonly string[] = ['point_coords', 'batched_point_coords', 'input_points'];
export const LABELS: readonly string[] = ['point_labels', 'batched_point_labels', 'input_labels'];
/** The second ones are those of onnxruntime's own exporter of SAM 2. */
export const MASK_INPUTS: readonly string[] = ['mask_input', 'input_masks'];
export const HAS_MASK_INPUTS: readonly string[] = ['has_mask_input', 'has_input_masks'];
export const ORIG_SIZES: readonly string[] = ['orig_im_size', 'original_image_size'];

/** Inputs of a role of their own. Any other one is a feature map, which has the name of an output of the encoder. */
export const KNOWN_INPUTS: readonly string[] = [
  ...EMBEDDINGS,
  ...COORDS,
  ...LABELS,
  ...MASK_INPUTS,
  ...HAS_MASK_INPUTS,
  ...ORIG_SIZES,
];

/** True for a decoder's input that only the encoder can feed, beside the embedding. */
export function isFeature(name: string): boolean {
  return !KNOWN_INPUTS.includes(name);
}
