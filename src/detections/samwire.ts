import { z } from 'zod';
import { booleanSchema, frameSchema, idSchema } from '../prompts/message.js';
import { type Adapter, listIn, someItem } from './adapter.js';
import { fourNumbers, id, label, present, score, sizeTuple, source } from './fields.js';
import type { NamedFrame } from './types.js';

/** Samwire's own: boxes [x1, y1, x2, y2] in pixels or normalized, and the frame named as a prompt names it. */
export const samwire: Adapter = {
  format: 'samwire',
  shape: 'an array, or {"detections": […]}, of objects with "box": [x1, y1, x2, y2]',
  recognises: (value) => {
    const items = listIn(value, ['detections']);
    return items?.length === 0 || someItem(items, ({ box }) => Array.isArray(box));
  },
  items: (value) => listIn(value, ['detections']),
  item: z
    .object(
      { box: fourNumbers, id, label, score, confidence: score },
      { error: 'an object with "box": [x1, y1, x2, y2]' },
    )
    .transform(({ score, confidence, ...rest }) => ({ ...rest, confidence: score ?? confidence })),
  facts: z.union([
    z.array(z.unknown()).transform(() => ({})),
    z
      .object({
        requestId: idSchema.optional(),
        frame: frameSchema.optional(),
        normalized: booleanSchema().optional(),
        frameSize: sizeTuple.optional(),
        source,
      })
      .transform(({ frame, ...rest }) => present({ ...rest, frame: frame as NamedFrame | undefined })),
  ]),
};
