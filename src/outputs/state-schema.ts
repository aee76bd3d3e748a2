import { z } from 'zod';
import type { CameraState } from '../frames/supervision.js';
import { errorBodySchema } from './masks-schema.js';

/** What is published on `<camera>/state`, and told over HTTP. */
export const cameraStateSchema = z.strictObject({
  state: z.enum(['connecting', 'streaming', 'stalled', 'failed', 'disabled']),
  fps: z.number().min(0).describe('Measured over the last two seconds.'),
  width: z.int().min(0).describe('Pixels; 0 until it is known.'),
  height: z.int().min(0),
  since: z.number().describe('When the state began, ms since the Unix epoch.'),
  error: errorBodySchema.omit({ details: true }).exactOptional().describe('Why it does not stream.'),
});

/** Fails to compile where the schema and the type that the code uses have drifted apart. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
true satisfies Same<z.infer<typeof cameraStateSchema>, CameraState>;
