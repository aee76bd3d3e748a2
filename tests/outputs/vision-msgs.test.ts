import { describe, expect, it } from 'vitest';
import { readDetections } from '../../src/detections/read.js';
import { toDetection2DArray } from '../../src/outputs/vision-msgs.js';
import { maskItem, masksMessage } from './messages.js';
import { faultsOf } from './vision-definitions.js';

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

  it('is read again as the same boxes by the format vision-msgs', () => {
    const read = readDetections(JSON.stringify(published(masks)), { format: 'auto', maxBytes: 100_000 });
    expect(read).toMatchObject({
      format: 'vision-msgs',
      source: 'front',
      frame: { timestamp: 1767139200000 },
    });
    expect(read.detections.map(({ box }) => box)).toEqual([
      [1, 2, 11, 7],
      [0, 0, 1, 1],
      [1, 1, 11, 6],
    ]);
  });
});
