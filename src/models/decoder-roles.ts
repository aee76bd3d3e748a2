/** The names that the families' exporters give to a decoder's inputs, by role. */
export const EMBEDDINGS: readonly string[] = ['image_embeddings', 'image_embed'];
export const COORDS: readonly string[] = ['point_coords', 'batched_point_coords'];
export const LABELS: readonly string[] = ['point_labels', 'batched_point_labels'];

/** Inputs of a role of their own. Any other one is a feature map, which has the name of an output of the encoder. */
export const KNOWN_INPUTS: readonly string[] = [
  ...EMBEDDINGS,
  ...COORDS,
  ...LABELS,
  'mask_input',
  'has_mask_input',
  'orig_im_size',
];

/** True for a decoder's input that only the encoder can feed, beside the embedding. */
export function isFeature(name: string): boolean {
  return !KNOWN_INPUTS.includes(name);
}
