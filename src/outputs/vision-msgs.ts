import type { MaskItem, MasksMessage } from '../masks/types.js';

/**
 * A masks message as ROS 2's vision_msgs/msg/Detection2DArray (vision_msgs 4, Humble and later), field for field: what
 * bridges between MQTT and ROS 2 turn into the message (docs/ros2.md). All fields are there, because a bridge
 * may fill in 0 for one that is not, and a quaternion of zeros is none.
 */
export interface Detection2DArray {
  readonly header: Header;
  readonly detections: readonly Detection2D[];
}

interface Header {
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  readonly frame_id: string;
}

interface Detection2D {
  readonly header: Header;
  readonly results: readonly ObjectHypothesisWithPose[];
  readonly bbox: {
    readonly center: {
      readonly position: { readonly x: number; readonly y: number };
      readonly theta: number;
    };
    readonly size_x: number;
    readonly size_y: number;
  };
  readonly id: string;
}

interface ObjectHypothesisWithPose {
  readonly hypothesis: { readonly class_id: string; readonly score: number };
  readonly pose: {
    readonly pose: { readonly position: Vector; readonly orientation: Vector & { readonly w: number } };
    readonly covariance: readonly number[];
  };
}

interface Vector {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Row-major 6×6, all 0: unknown. */
const COVARIANCE: readonly number[] = new Array<number>(36).fill(0);
const ORIENTATION = { x: 0, y: 0, z: 0, w: 1 };

/** Masks that failed or are empty have no box, and are left out. `frame_id` is the camera's name. */
export function toDetection2DArray({ camera, frame, masks }: MasksMessage): Detection2DArray {
  const header: Header = { stamp: stampOf(frame.timestamp), frame_id: camera ?? '' };
  const detections = masks.flatMap((item) => {
    if ('error' in item || item.box === null) return [];
    return [{ header, results: [hypothesisOf(item)], bbox: bboxOf(item.box), id: item.id }];
  });
  return { header, detections };
}

/** ms since the Unix epoch as ROS time. */
function stampOf(timestampMs: number): Header['stamp'] {
  const sec = Math.floor(timestampMs / 1000);
  const nanosec = Math.round((timestampMs - sec * 1000) * 1e6);
  return nanosec === 1e9 ? { sec: sec + 1, nanosec: 0 } : { sec, nanosec };
}

/** The detector's own score where it gave one, else the model's predicted IoU, which may leave 0..1 a little. */
function hypothesisOf({ label, score, confidence, depth }: MaskItem): ObjectHypothesisWithPose {
  const [x, y, z] = depth?.centroid ?? [0, 0, 0];
  return {
    hypothesis: { class_id: label ?? '', score: Math.min(1, Math.max(0, confidence ?? score)) },
    pose: { pose: { position: { x, y, z }, orientation: ORIENTATION }, covariance: COVARIANCE },
  };
}

/** vision_msgs' pixels are sensor_msgs/Image's: a box that is one pixel has its centre half a pixel in. */
function bboxOf([x1, y1, x2, y2]: NonNullable<MaskItem['box']>): Detection2D['bbox'] {
  return {
    center: { position: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 }, theta: 0 },
    size_x: x2 - x1,
    size_y: y2 - y1,
  };
}
