import { z } from 'zod';
import { type Adapter, someItem } from './adapter.js';
import { centred, coordinate, id, isObject, label, optional, present, score, sizeObject } from './fields.js';

/** A workflow wraps its answer in an array of one, and its predictions in an object of the same form. */
function answerOf(value: unknown): Record<string, unknown> | undefined {
  const whole = Array.isArray(value) && value.length === 1 ? value[0] : value;
  if (!isObject(whole)) return undefined;
  return isObject(whole.predictions) ? whole.predictions : whole;
}

const itemsOf = (value: unknown): readonly unknown[] | undefined => {
  const predictions = answerOf(value)?.predictions;
  return Array.isArray(predictions) ? predictions : undefined;
};

/** Roboflow Inference: boxes by their centre. */
export const roboflow: Adapter = {
  format: 'roboflow',
  shape:
    '{"predictions": [{"x", "y", "width", "height", "class", "confidence"}], "image": {"width", "height"}}',
  recognises: (value) => {
    const items = itemsOf(value);
    return items?.length === 0 || someItem(items, (item) => 'x' in item && 'width' in item);
  },
  items: itemsOf,
  list: 'predictions',
  item: z
    .object(
      {
        x: coordinate,
        y: coordinate,
        width: coordinate,
        height: coordinate,
        class: label,
        class_name: label,
        class_id: label,
        confidence: score,
        tracker_id: id,
        detection_id: id,
      },
      { error: 'an object with x, y, width and height' },
    )
    .transform(({ x, y, width, height, confidence, ...rest }) => ({
      id: rest.tracker_id ?? rest.detection_id,
      label: rest.class ?? rest.class_name ?? rest.class_id,
      confidence,
      box: centred(x, y, width, height),
    })),
  facts: z
    .unknown()
    .transform(answerOf)
    .pipe(z.object({ image: optional(z.unknown()) }))
    .transform(({ image }) => {
      // Not known in some workflows, which write null in it.
      const size = sizeObject.safeParse(image);
      return present({ frameSize: size.success ? size.data : undefined });
    }),
};
