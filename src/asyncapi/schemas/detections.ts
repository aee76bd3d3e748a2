/** Samwire's own format of detections, as a sender writes it; src/detections/samwire.ts reads it, and more than this. */
import { z } from 'zod';
import { booleanSchema, boxSchema, frameSchema, idSchema } from '../../prompts/message.js';

const score = z.number().min(0).max(1);

const detectionSchema = z.object({
  box: boxSchema,
  id: z.string().optional().describe('by which the detector means the same object in its next message'),
  label: z.string().optional(),
  score: score.optional(),
  confidence: score.optional().describe('another word for `score`'),
});

const side = z.int().positive();

export const detectionsSchema = z.union([
  z.array(detectionSchema),
  z.object({
    detections: z.array(detectionSchema),
    requestId: idSchema.optional(),
    frame: frameSchema.optional(),
    normalized: booleanSchema().optional(),
    frameSize: z.tuple([side, side]).optional().describe('[width, height] of the picture that was seen'),
    source: z.string().optional().describe('what the detector calls the camera'),
  }),
]);
