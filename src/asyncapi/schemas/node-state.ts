/** The state of the node, as it is published: strict, and tests hold real messages against it. */
import { z } from 'zod';
import type { NodeStateMessage } from '../../mqtt/topics.js';
import type { Same } from './same.js';

/** Milliseconds since the Unix epoch. */
const time = z.number().min(0).describe('ms since the Unix epoch');

export const nodeStateSchema = z.strictObject({
  state: z
    .enum(['starting', 'building', 'online', 'offline', 'stopped'])
    .describe('`offline` is the last will, which the broker publishes'),
  version: z.string(),
  backend: z.string().nullable().describe('null while the model is loaded'),
  model: z.string().nullable().describe('null while the model is loaded'),
  since: time,
  progress: z.number().min(0).max(1).describe('of building engines').exactOptional(),
});

true satisfies Same<z.infer<typeof nodeStateSchema>, NodeStateMessage>;
