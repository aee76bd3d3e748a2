import { z } from 'zod';
import { type Adapter, someItem } from './adapter.js';
import { coordinate, id, isObject, label, optional, present, score, sizeObject, source } from './fields.js';

const boundingBox = z.object(
  { x_min: coordinate, y_min: coordinate, x_max: coordinate, y_max: coordinate },
  { error: 'a bounding_box with x_min, y_min, x_max and y_max' },
);

/**
 * Intel DL Streamer's gvametaconvert: boxes 0..1 of the picture. Its `timestamp` counts from the start of the stream
 * and names no frame.
 */
export const dlstreamer: Adapter = {
  format: 'dlstreamer',
  shape:
    '{"objects": [{"detection": {"bounding_box": {"x_min", "y_min", "x_max", "y_max"}}}], "resolution": {…}}',
  recognises: (value) =>
    isObject(value) &&
    Array.isArray(value.objects) &&
    (value.objects.length === 0 ||
      someItem(value.objects, ({ detection }) => isObject(detection) && 'bounding_box' in detection)),
  items: (value) => (isObject(value) && Array.isArray(value.objects) ? value.objects : undefined),
  list: 'objects',
  item: z
    .object(
      {
        detection: z.object(
          { bounding_box: boundingBox, confidence: score, label, label_id: label },
          { error: 'a detection with a bounding_box' },
        ),
        roi_type: label,
        id,
      },
      { error: 'an object with a detection' },
    )
    .transform(({ detection: { bounding_box: box, confidence, label, label_id }, roi_type, id }) => ({
      id,
      label: label ?? roi_type ?? label_id,
      confidence,
      box: [box.x_min, box.y_min, box.x_max, box.y_max] as const,
    })),
  facts: z
    .object({ resolution: optional(sizeObject), source })
    .transform(({ resolution, source }) => present({ normalized: true, frameSize: resolution, source })),
};
