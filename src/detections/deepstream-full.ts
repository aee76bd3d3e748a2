import { z } from 'zod';
import type { Adapter } from './adapter.js';
import { coordinate, id, isObject, isoTime, label, optional, present, score, source } from './fields.js';

/** Keys of `object` that are no class; the class is the key beside them, with what is known of it. */
const NO_CLASS = new Set([
  'id',
  'speed',
  'direction',
  'orientation',
  'bbox',
  'bbox3d',
  'location',
  'coordinate',
  'pose',
  'embedding',
  'signature',
  'maskoutline',
  'mask',
]);

const bbox = z.object(
  { topleftx: coordinate, toplefty: coordinate, bottomrightx: coordinate, bottomrighty: coordinate },
  { error: 'an object with topleftx, toplefty, bottomrightx and bottomrighty' },
);

/** NVIDIA DeepStream, Gst-nvmsgconv with payload-type 0: one object a message, so a frame's objects are several. */
export const deepstreamFull: Adapter = {
  format: 'deepstream-full',
  shape: '{"object": {"bbox": {"topleftx", "toplefty", "bottomrightx", "bottomrighty"}}}',
  recognises: (value) =>
    isObject(value) &&
    isObject(value.object) &&
    isObject(value.object.bbox) &&
    'topleftx' in value.object.bbox,
  items: (value) => (isObject(value) ? [value.object] : undefined),
  item: z
    .looseObject({ id, bbox, confidence: score }, { error: 'an object with a bbox' })
    .transform(withClass)
    .pipe(z.object({ id, bbox, label, score }))
    .transform(({ bbox, score, ...rest }) => ({
      ...rest,
      confidence: score,
      box: [bbox.topleftx, bbox.toplefty, bbox.bottomrightx, bbox.bottomrighty] as const,
    })),
  facts: z
    .object({
      '@timestamp': optional(isoTime),
      sensor: optional(z.object({ id: source }, { error: 'an object with an id' })),
    })
    .transform(({ '@timestamp': timestamp, sensor }) =>
      present({
        oneObject: true,
        frame: timestamp === undefined ? undefined : { timestamp },
        source: sensor?.id,
      }),
    ),
};

function withClass(object: Record<string, unknown>): Record<string, unknown> {
  const found = Object.entries(object).find(([key, value]) => !NO_CLASS.has(key) && isObject(value));
  const facts = found?.[1] as Record<string, unknown> | undefined;
  return { ...object, label: found?.[0], score: facts?.confidence ?? object.confidence };
}
