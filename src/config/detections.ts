/** `cameras.*.detections` (docs/detections.md). */
import { z } from 'zod';
import { topicFilter } from './addresses.js';
import { duration } from './duration.js';
import { choice, DAY_MS, flag, int, list, number, text } from './values.js';

export const DETECTION_FORMATS = [
  'auto',
  'samwire',
  'deepstream-minimal',
  'deepstream-full',
  'vision-msgs',
  'frigate',
  'roboflow',
  'dlstreamer',
  'ultralytics',
  'coco',
] as const;

export const detections = z
  .strictObject({
    topics: list(topicFilter, 64, 'MQTT topic filters')
      .default([])
      .describe('More topics with detections of this camera, besides `<base>/<camera>/detections`.'),
    format: choice(DETECTION_FORMATS).default('auto').describe('Payload format; `auto` tells by its shape.'),
    sources: list(text(256), 64, 'names')
      .default([])
      .describe(
        "What a payload calls this camera (Frigate's camera, DeepStream's sensor id, a ROS frame id), on topics that are not its own. Default: the camera's name, where a payload of Frigate or a topic that several cameras take has to say; elsewhere any.",
      ),
    frameSize: z
      .tuple([int(1, 16_384), int(1, 16_384)], {
        error: 'the width and height in pixels, such as [1280, 720]',
      })
      .optional()
      .describe(
        "Width and height in pixels of the picture that the detector saw, where its payload does not say. Default: the camera's.",
      ),
    minScore: number(0, 1).default(0.4).describe('Detections with a lower score are left out.'),
    classes: list(text(128), 1024, 'class names')
      .default([])
      .describe('Classes that are segmented; `[]`: all.'),
    max: int(1, 1024).default(32).describe('Detections segmented per message, best scores first.'),
    time: choice(['payload', 'latest'])
      .default('payload')
      .describe(
        '`payload`: the frame of the time that the payload names, where it names one. `latest`: the newest frame when the message comes.',
      ),
    toleranceMs: duration({ unit: 'ms', min: 0, max: 3_600_000 })
      .prefault(50)
      .describe("How far a frame's capture time may be from the payload's; else `frame_evicted`."),
    clockOffsetMs: duration({ unit: 'ms', min: -DAY_MS, max: DAY_MS })
      .prefault(0)
      .describe('Added to times in payloads, for a detector whose clock is off or that stamps late.'),
    track: flag().default(true).describe('Follow the detected objects over the next frames.'),
  })
  .prefault({});

/**
 * Whether a filter matches topics of the node itself: a broker may deliver those once for each subscription, so that
 * each prompt would come twice, and its own masks as well. A camera's own topic for detections is none of these.
 */
export function meetsOwnTopics(filter: string, base: string): boolean {
  const levels = filter.split('/');
  const own = base.split('/');
  for (const [index, level] of own.entries()) {
    const pattern = levels[index];
    if (pattern === '#') return true;
    if (pattern !== '+' && pattern !== level) return false;
  }
  const rest = levels.slice(own.length);
  return !(rest.length === 2 && rest[1] === 'detections' && !/[+#]/.test(filter));
}
