import type { MaskItem, MasksMessage } from '../../src/masks/types.js';

export const TIMING: MasksMessage['timing'] = {
  ageMs: 3.1,
  queueMs: 1.2,
  prepareMs: 0.4,
  encodeMs: 4.2,
  decodeMs: 1.9,
  maskMs: 0.6,
  publishMs: 0.3,
  captureToPublishMs: 11.7,
  embeddingReused: false,
};

export function maskItem(id: string, extra: Partial<MaskItem> = {}): MaskItem {
  const centroid = extra.box === null ? null : ([6, 3.5] as const);
  return { id, score: 0.94, stability: 0.97, area: 50, box: [1, 1, 11, 6], centroid, ...extra };
}

export function masksMessage(masks: MasksMessage['masks']): MasksMessage {
  return {
    requestId: 'r1',
    source: 'prompt',
    camera: 'front',
    frame: { seq: 123, timestamp: 1767139200000, width: 64, height: 48, skewMs: 0 },
    masks,
    model: 'samwire-tiny',
    backend: 'onnx',
    timing: TIMING,
  };
}
