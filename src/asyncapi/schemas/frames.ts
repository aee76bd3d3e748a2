/** What is published beside masks: the names of frames, and Detection2DArrays for ROS 2. */
import { z } from 'zod';
import type { Detection2DArray } from '../../outputs/vision-msgs.js';
import type { Same } from './same.js';

export const frameNameSchema = z.strictObject({
  seq: z.int().min(0),
  timestamp: z.number().min(0).describe('capture time, ms since the Unix epoch'),
  width: z.int().positive(),
  height: z.int().positive(),
});

const header = z
  .strictObject({
    stamp: z.strictObject({ sec: z.int(), nanosec: z.int().min(0).max(999_999_999) }),
    frame_id: z.string().describe("the camera's name"),
  })
  .readonly();
const vector = { x: z.number(), y: z.number(), z: z.number() };
const COVARIANCES = 36;

const detection = z.strictObject({
  header,
  results: z
    .array(
      z.strictObject({
        hypothesis: z.strictObject({ class_id: z.string(), score: z.number().min(0).max(1) }),
        pose: z.strictObject({
          pose: z.strictObject({
            position: z.strictObject(vector),
            orientation: z.strictObject({ ...vector, w: z.number() }),
          }),
          covariance: z.array(z.number()).length(COVARIANCES).readonly(),
        }),
      }),
    )
    .readonly(),
  bbox: z.strictObject({
    center: z.strictObject({
      position: z.strictObject({ x: z.number(), y: z.number() }),
      theta: z.number(),
    }),
    size_x: z.number().positive(),
    size_y: z.number().positive(),
  }),
  id: z.string(),
});

export const detection2dArraySchema = z.strictObject({ header, detections: z.array(detection).readonly() });
true satisfies Same<z.infer<typeof detection2dArraySchema>, Detection2DArray>;
