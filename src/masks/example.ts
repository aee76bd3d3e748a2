/** Parts of a masks message as `samwire-tiny` answered it on `test://pattern` (docs/mqtt.md), for the examples of the API documents. */

export const EXAMPLE_FRAME = { seq: 22, timestamp: 1795895685107.319, width: 320, height: 240, skewMs: 0 };
export const EXAMPLE_TIMING = {
  ageMs: 86.681,
  queueMs: 1,
  prepareMs: 0.367,
  encodeMs: 58.012,
  decodeMs: 11.763,
  maskMs: 0.423,
  publishMs: 1.063,
  captureToPublishMs: 159.309,
  embeddingReused: false,
};
/** A mask without its encodings. */
export const EXAMPLE_MASK = {
  id: 'bar',
  score: 0.927,
  stability: 0.9342,
  area: 7326,
  box: [45, 0, 92, 160],
  centroid: [67.72, 79.45],
};
