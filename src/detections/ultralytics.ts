import { z } from 'zod';
import type { Box } from '../prompts/types.js';
import { type Adapter, listIn, someItem } from './adapter.js';
import { coordinate, id, isObject, label, numberIn, optional, present, score, sizeTuple } from './fields.js';

const corners = ['x1', 'y1', 'x2', 'y2'] as const;
const isDetection = ({ box }: Record<string, unknown>): boolean => isObject(box) && 'x1' in box;

/** The results of its HUB's answer, of the one picture that it is about. */
function hubImage(value: unknown): Record<string, unknown> | undefined {
  if (!isObject(value) || !Array.isArray(value.images) || value.images.length !== 1) return undefined;
  const [image] = value.images;
  return isObject(image) && Array.isArray(image.results) ? image : undefined;
}

const itemsOf = (value: unknown): readonly unknown[] | undefined =>
  listIn(hubImage(value) ?? value, ['results', 'detections', 'predictions', 'tracks']);

/** Ultralytics YOLO, `results.to_json()` or `summary()`; of an oriented box (x1 … y4) the upright one around it. */
export const ultralytics: Adapter = {
  format: 'ultralytics',
  shape: 'an array of objects with "box": {"x1", "y1", "x2", "y2"}, "name", "confidence"',
  recognises: (value) => {
    const items = itemsOf(value);
    return (items?.length === 0 && hubImage(value) !== undefined) || someItem(items, isDetection);
  },
  items: itemsOf,
  item: z
    .object(
      {
        box: z.object(
          {
            ...Object.fromEntries(corners.map((corner) => [corner, coordinate])),
            x3: optional(coordinate),
            y3: optional(coordinate),
            x4: optional(coordinate),
            y4: optional(coordinate),
          } as Record<(typeof corners)[number], typeof coordinate> &
            Record<'x3' | 'y3' | 'x4' | 'y4', ReturnType<typeof optional<typeof coordinate>>>,
          { error: 'a box {"x1", "y1", "x2", "y2"}' },
        ),
        name: label,
        class: label,
        confidence: score,
        track_id: id,
      },
      { error: 'an object with "box": {"x1", "y1", "x2", "y2"}' },
    )
    .transform(({ box, name, class: number, confidence, track_id }) => ({
      id: track_id,
      label: name ?? number,
      confidence,
      box: boxOf(box),
    })),
  facts: z
    .preprocess(
      (value) => ({ value, shape: hubImage(value)?.shape }),
      z.object({ value: z.unknown(), shape: optional(sizeTuple) }),
    )
    .transform(({ value, shape }) =>
      present({
        normalized: allWithinOne(itemsOf(value) ?? []),
        // [height, width], as numpy has it.
        frameSize: shape && { width: shape.height, height: shape.width },
      }),
    ),
};

function boxOf({ x1, y1, x2, y2, x3, y3, x4, y4 }: { readonly [corner: string]: number | undefined }): Box {
  if (x3 === undefined || y3 === undefined || x4 === undefined || y4 === undefined)
    return [x1 as number, y1 as number, x2 as number, y2 as number];
  const xs = [x1, x2, x3, x4] as number[];
  const ys = [y1, y2, y3, y4] as number[];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** `to_json(normalize=True)` does not say so; in pixels no detection lies within the picture's first one. */
function allWithinOne(items: readonly unknown[]): boolean {
  const boxes = items.flatMap((item) => (isObject(item) && isObject(item.box) ? [item.box] : []));
  const isWithin = (value: unknown): boolean => value === null || numberIn(value) <= 1;
  return boxes.length > 0 && boxes.every((box) => Object.values(box).every(isWithin));
}
