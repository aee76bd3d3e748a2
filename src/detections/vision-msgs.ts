import { z } from 'zod';
import type { Box } from '../prompts/types.js';
import { type Adapter, listIn, someItem } from './adapter.js';
import {
  centred,
  coordinate,
  id,
  isObject,
  label,
  numberIn,
  optional,
  present,
  score,
  source,
} from './fields.js';

const point = { x: coordinate, y: coordinate };
/** vision_msgs 4: a Pose2D of its own, with `position`; 2 and 3: geometry_msgs/Pose2D, with x and y. */
const center = z.union(
  [
    z
      .object({ position: z.object(point), theta: optional(coordinate) })
      .transform(({ position, theta }) => ({ ...position, theta })),
    z.object({ ...point, theta: optional(coordinate) }),
  ],
  { error: '{"position": {"x", "y"}} or {"x", "y"}' },
);
const bbox = z.object(
  { center, size_x: coordinate, size_y: coordinate },
  { error: 'a bbox with center, size_x and size_y' },
);
/** Since ROS 2 Galactic the class and score stand in `hypothesis`; before in the result itself. */
const result = z
  .object({
    hypothesis: optional(z.object({ class_id: label, id: label, score })),
    class_id: label,
    id: label,
    score,
  })
  .transform(({ hypothesis, ...own }) => {
    const { class_id, id, score } = hypothesis ?? own;
    return { label: class_id ?? id, score };
  });

/** A class's result, wherever this version of the message has it. */
const resultIn = (value: unknown): unknown =>
  isObject(value) && isObject(value.hypothesis) ? value.hypothesis : value;
const scoreOf = (value: unknown): number => {
  const within = resultIn(value);
  return isObject(within) ? numberIn(within.score ?? 0) : 0;
};

/** The surest result: the others are not looked at any further, of which a message has room for a hundred thousand. */
function bestOf(results: readonly unknown[]): unknown {
  let best: unknown = results[0];
  for (const next of results) if (scoreOf(next) > scoreOf(best)) best = next;
  return best;
}

const whole = (expected: string) => z.int({ error: expected }).min(0, { error: expected });
/** ROS 2's names and ROS 1's. Zero is no time: nobody has stamped it. */
const stamp = z
  .object({
    sec: whole('seconds').optional(),
    nanosec: whole('nanoseconds').optional(),
    secs: whole('seconds').optional(),
    nsecs: whole('nanoseconds').optional(),
  })
  .transform(({ sec, nanosec, secs, nsecs }) => (sec ?? secs ?? 0) * 1000 + (nanosec ?? nsecs ?? 0) / 1e6);
const header = optional(
  z.object({ stamp: optional(stamp), frame_id: source }, { error: 'a header with a stamp' }),
);

const isDetection = (item: Record<string, unknown>): boolean =>
  isObject(item.bbox) && ('size_x' in item.bbox || 'center' in item.bbox);

/** ROS 2's vision_msgs/Detection2DArray or one Detection2D, as rosbridge and MQTT bridges write it in JSON. */
export const visionMsgs: Adapter = {
  format: 'vision-msgs',
  shape: '{"header": {"stamp"}, "detections": [{"bbox": {"center", "size_x", "size_y"}, "results": […]}]}',
  recognises: (value) => {
    if (isObject(value) && isDetection(value)) return true;
    const items = listIn(value, ['detections']);
    return (items?.length === 0 && isObject(value) && isObject(value.header)) || someItem(items, isDetection);
  },
  items: (value) => (isObject(value) && isDetection(value) ? [value] : listIn(value, ['detections'])),
  item: z
    .object(
      {
        bbox,
        results: optional(z.array(z.unknown()).transform(bestOf).pipe(result.optional())),
        id,
        tracking_id: id,
      },
      { error: 'a Detection2D with a bbox' },
    )
    .transform(({ bbox, results: best, id, tracking_id }) => ({
      id: tracking_id ?? id,
      label: best?.label,
      confidence: best?.score,
      box: boxOf(bbox),
    })),
  facts: z
    .preprocess((value) => ({ header: headerIn(value) }), z.object({ header }))
    .transform(({ header }) =>
      present({
        frame: header?.stamp ? { timestamp: header.stamp } : undefined,
        source: header?.frame_id,
      }),
    ),
};

/** The array's own header, or that of its first detection. */
function headerIn(value: unknown): unknown {
  if (isObject(value) && isObject(value.header)) return value.header;
  const first = listIn(value, ['detections'])?.[0];
  return isObject(first) ? first.header : undefined;
}

/** Of a turned box the upright one around it. `theta` is in radians. */
function boxOf({ center: { x, y, theta = 0 }, size_x, size_y }: z.output<typeof bbox>): Box {
  const cos = Math.abs(Math.cos(theta));
  const sin = Math.abs(Math.sin(theta));
  return centred(x, y, size_x * cos + size_y * sin, size_x * sin + size_y * cos);
}
