import { describe, expect, it } from 'vitest';
import { toDetection2DArray } from '../../src/outputs/vision-msgs.js';
import { maskItem, masksMessage } from './messages.js';

/**
 * The fields of the ROS 2 messages, as their .msg files define them: vision_msgs 4.1.1, and geometry_msgs, std_msgs and
 * builtin_interfaces, which have not changed since Foxy.
 */
const DEFINITIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'vision_msgs/Detection2DArray': { header: 'std_msgs/Header', detections: 'vision_msgs/Detection2D[]' },
  'vision_msgs/Detection2D': {
    header: 'std_msgs/Header',
    results: 'vision_msgs/ObjectHypothesisWithPose[]',
    bbox: 'vision_msgs/BoundingBox2D',
    id: 'string',
  },
  'vision_msgs/ObjectHypothesisWithPose': {
    hypothesis: 'vision_msgs/ObjectHypothesis',
    pose: 'geometry_msgs/PoseWithCovariance',
  },
  'vision_msgs/ObjectHypothesis': { class_id: 'string', score: 'float64' },
  'vision_msgs/BoundingBox2D': { center: 'vision_msgs/Pose2D', size_x: 'float64', size_y: 'float64' },
  'vision_msgs/Pose2D': { position: 'vision_msgs/Point2D', theta: 'float64' },
  'vision_msgs/Point2D': { x: 'float64', y: 'float64' },
  'geometry_msgs/PoseWithCovariance': { pose: 'geometry_msgs/Pose', covariance: 'float64[36]' },
  'geometry_msgs/Pose': { position: 'geometry_msgs/Point', orientation: 'geometry_msgs/Quaternion' },
  'geometry_msgs/Point': { x: 'float64', y: 'float64', z: 'float64' },
  'geometry_msgs/Quaternion': { x: 'float64', y: 'float64', z: 'float64', w: 'float64' },
  'std_msgs/Header': { stamp: 'builtin_interfaces/Time', frame_id: 'string' },
  'builtin_interfaces/Time': { sec: 'int32', nanosec: 'uint32' },
};

const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  float64: (value) => Number.isFinite(value),
  int32: (value) => Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31,
  uint32: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32,
};

/** What of the value is not of the type: a field that is missing, one too many, a value of another type. */
function* faultsOf(value: unknown, type: string, path: string): Generator<string> {
  const array = /^(.*)\[(\d*)\]$/.exec(type);
  if (array) {
    if (!Array.isArray(value)) return yield `${path} is no array`;
    if (array[2] && value.length !== Number(array[2])) yield `${path} has ${value.length} elements`;
    for (const [i, item] of value.entries()) yield* faultsOf(item, array[1] ?? '', `${path}[${i}]`);
    return;
  }
  const isPrimitive = PRIMITIVES[type];
  if (isPrimitive) {
    if (!isPrimitive(value)) yield `${path} is no ${type}: ${JSON.stringify(value)}`;
    return;
  }
  const fields = DEFINITIONS[type];
  if (!fields) throw new Error(`no definition of ${type}`);
  const object = value as Record<string, unknown>;
  for (const name of Object.keys(object)) if (!(name in fields)) yield `${path}.${name} is not in ${type}`;
  for (const [name, fieldType] of Object.entries(fields)) {
    if (name in object) yield* faultsOf(object[name], fieldType, `${path}.${name}`);
    else yield `${path}.${name} is missing`;
  }
}

/** As a bridge reads it. */
function published(masks: Parameters<typeof masksMessage>[0], timestamp?: number) {
  const message = masksMessage(masks);
  const frame = { ...message.frame, ...(timestamp === undefined ? {} : { timestamp }) };
  return JSON.parse(JSON.stringify(toDetection2DArray({ ...message, frame })));
}

describe('a Detection2DArray', () => {
  const masks = [
    maskItem('cup', { label: 'cup', box: [1, 2, 11, 7], score: 0.5, confidence: 0.875 }),
    maskItem('7', { box: [0, 0, 1, 1], score: 1.02 }),
    maskItem('gone', { area: 0, box: null }),
    { id: 'off', error: { code: 'invalid_message' as const, message: 'outside' } },
    maskItem('near', { depth: { median: 2, coverage: 1, centroid: [0.25, -0.5, 2] as const, skewMs: 4 } }),
  ];

  it('has every field of the ROS 2 definitions, of its type, and no other', () => {
    expect([...faultsOf(published(masks), 'vision_msgs/Detection2DArray', 'message')]).toEqual([]);
    expect([...faultsOf(published([]), 'vision_msgs/Detection2DArray', 'message')]).toEqual([]);
  });

  it('is told from what is no Detection2DArray', () => {
    const other = { ...published(masks.slice(0, 1)), seq: 1 };
    other.detections[0].bbox.center.theta = '0';
    other.detections[0].results[0].pose.covariance.pop();
    delete other.detections[0].id;
    expect([...faultsOf(other, 'vision_msgs/Detection2DArray', 'message')]).toHaveLength(4);
  });

  it('has a detection for each mask with pixels: its box, id, class and score', () => {
    const { header, detections } = published(masks);
    expect(header.frame_id).toBe('front');
    expect(detections.map(({ id }: { id: string }) => id)).toEqual(['cup', '7', 'near']);
    const [cup, plain] = detections;
    expect(cup.header).toEqual(header);
    expect(cup.bbox).toEqual({ center: { position: { x: 6, y: 4.5 }, theta: 0 }, size_x: 10, size_y: 5 });
    expect(cup.results[0].hypothesis).toEqual({ class_id: 'cup', score: 0.875 });
    expect(plain.results[0].hypothesis).toEqual({ class_id: '', score: 1 });
  });

  it('has the 3-D centroid as position where there is depth', () => {
    const positions = published(masks).detections.map(
      (detection: { results: [{ pose: { pose: { position: unknown } } }] }) =>
        detection.results[0].pose.pose.position,
    );
    expect(positions).toEqual([
      { x: 0, y: 0, z: 0 },
      { x: 0, y: 0, z: 0 },
      { x: 0.25, y: -0.5, z: 2 },
    ]);
  });

  it('has the capture time as stamp, to what a double holds of it', () => {
    expect(published([], 1767139200000).header.stamp).toEqual({ sec: 1767139200, nanosec: 0 });
    expect(published([], 1767139200999.5).header.stamp).toEqual({ sec: 1767139200, nanosec: 999_500_000 });
    expect(published([], 0.0000009).header.stamp).toEqual({ sec: 0, nanosec: 1 });
    expect(published([], 999.9999999).header.stamp).toEqual({ sec: 1, nanosec: 0 });
  });
});
