import { z } from 'zod';
import type { Adapter } from './adapter.js';
import {
  epochSeconds,
  fourNumbers,
  id,
  isObject,
  label,
  optional,
  present,
  score,
  source,
} from './fields.js';

/** What Frigate says of an object after the change; an event that ends has nothing else to say. */
const stateOf = (value: unknown): unknown => {
  const { after, before } = value as { readonly after?: unknown; readonly before?: unknown };
  return isObject(after) ? after : before;
};

/** Frigate's `frigate/events`: one object an event, in pixels of the camera's detect stream. */
export const frigate: Adapter = {
  format: 'frigate',
  shape: '{"type": "new", "update" or "end", "before": {…}, "after": {"camera", "box", …}}',
  recognises: (value) =>
    isObject(value) &&
    ((isObject(value.after) && ('box' in value.after || typeof value.type === 'string')) ||
      (isObject(value.before) && typeof value.type === 'string')),
  items: (value) => (isObject(value) ? [stateOf(value)] : undefined),
  item: z
    .object({ id, label, score, box: fourNumbers }, { error: 'an object with "box": [x1, y1, x2, y2]' })
    .transform(({ score, ...rest }) => ({ ...rest, confidence: score })),
  facts: z
    .preprocess(
      (event) => ({ type: (event as { readonly type?: unknown }).type, after: stateOf(event) }),
      z.object({
        type: optional(z.string({ error: '"new", "update" or "end"' })),
        after: z.object({ camera: source, frame_time: optional(epochSeconds) }),
      }),
    )
    .transform(({ type, after: { camera, frame_time: timestamp } }) =>
      present({
        oneObject: true,
        ended: type === 'end' ? true : undefined,
        source: camera,
        // 0 before Frigate has seen a frame.
        frame: timestamp ? { timestamp } : undefined,
      }),
    ),
};
