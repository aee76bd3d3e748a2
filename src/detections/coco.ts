import { z } from 'zod';
import { type Adapter, listIn, someItem } from './adapter.js';
import { fourNumbers, id, isObject, label, present, score, sizeObject } from './fields.js';

const KEYS = ['annotations'];

/** COCO's results, and the annotations of a COCO file about one picture: boxes [x, y, width, height]. */
export const coco: Adapter = {
  format: 'coco',
  shape: 'an array of objects with "bbox": [x, y, width, height] and "category_id"',
  recognises: (value) => {
    const items = listIn(value, KEYS);
    return (
      (items?.length === 0 && !Array.isArray(value)) ||
      someItem(items, ({ bbox, category_id }) => Array.isArray(bbox) && category_id !== undefined)
    );
  },
  items: (value) => listIn(value, KEYS),
  item: z
    .object(
      { bbox: fourNumbers, category_id: label, category_name: label, score, id },
      { error: 'an object with "bbox": [x, y, width, height]' },
    )
    .transform(({ bbox: [x, y, width, height], category_id, category_name, score, id }) => ({
      id,
      label: category_name ?? category_id,
      confidence: score,
      box: [x, y, x + width, y + height] as const,
    })),
  facts: z.unknown().transform((value) => {
    const images = isObject(value) && Array.isArray(value.images) ? value.images : [];
    const size = sizeObject.safeParse(images.length === 1 ? images[0] : undefined);
    return present({ frameSize: size.success ? size.data : undefined });
  }),
};
