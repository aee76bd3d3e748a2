import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { coordinate, id, isObject, isoTime, label, optional, present, score, source } from './fields.js';

/** Fields of an object's text before what the classifiers found: id, left, top, right, bottom, class. */
const FIELDS = 6;
const EXPECTED = 'a text "id|left|top|right|bottom|class|…"';

const itemFields = z.object({
  id,
  left: coordinate,
  top: coordinate,
  right: coordinate,
  bottom: coordinate,
  label,
  score,
});

/**
 * NVIDIA DeepStream, Gst-nvmsgconv with payload-type 1: a frame's objects, each as one text. What its classifiers
 * found follows after `#`, and the confidence is the last of that; without classifiers there is none.
 */
export const deepstreamMinimal: Adapter = {
  format: 'deepstream-minimal',
  shape: '{"objects": ["id|left|top|right|bottom|class|…", …]}',
  recognises: (value) =>
    isObject(value) &&
    Array.isArray(value.objects) &&
    (value.objects.length === 0
      ? ['@timestamp', 'sensorId'].some((key) => Object.hasOwn(value, key))
      : value.objects.slice(0, 32).some((item) => typeof item === 'string' && item.includes('|'))),
  items: (value) => (isObject(value) && Array.isArray(value.objects) ? value.objects : undefined),
  list: 'objects',
  item: z
    .string({ error: EXPECTED })
    .transform(parts)
    .pipe(itemFields)
    .transform(({ left, top, right, bottom, score, ...rest }) => ({
      ...rest,
      confidence: score,
      box: [left, top, right, bottom] as const,
    })),
  facts: z
    .object({ '@timestamp': optional(isoTime), sensorId: source, sensor: optional(z.unknown()) })
    .transform(({ '@timestamp': timestamp, sensorId, sensor }) =>
      present({
        frame: timestamp === undefined ? undefined : { timestamp },
        source: sensorId ?? (typeof sensor === 'string' ? sensor : undefined),
      }),
    ),
};

function parts(text: string, context: z.RefinementCtx): Record<string, unknown> {
  const fields = text.split('|').map((field) => field.trim());
  if (fields.length < FIELDS - 1) {
    context.addIssue({ code: 'custom', message: EXPECTED });
    return z.NEVER;
  }
  const [id, left, top, right, bottom, label, ...more] = fields;
  // A text that is no number there is an attribute: a tracker's embedding, a licence plate.
  const last = more.at(-1);
  const isScore = last !== undefined && /^-?\d*\.?\d+(?:e-?\d+)?$/i.test(last) && Number(last) <= 1;
  return { id, left, top, right, bottom, label, score: isScore ? last : undefined };
}
