import { z } from 'zod';
import { SamwireError } from '../../errors.js';
import { check, parseJsonObject } from '../../prompts/json.js';
import { idSchema, numberSchema } from '../../prompts/message.js';
import type { ClientMessage } from './protocol.js';

/** Of a message from a page; all that it has to say fits well into a tenth of it. */
export const MAX_MESSAGE_BYTES = 16 * 1024;
const MAX_WIDTH = 16_384;
const MAX_FPS = 120;
/** A page that names more than the node has names one twice. */
const MAX_WATCHED = 256;

const seqSchema = z
  .int({ error: 'a frame number of 0 or more' })
  .min(0, { error: 'a frame number of 0 or more' });
const watchedSchema = z.object(
  {
    name: idSchema,
    maxWidth: numberSchema(1, MAX_WIDTH, `a width of 1 to ${MAX_WIDTH} pixels`),
    maxFps: numberSchema(0.1, MAX_FPS, `a rate of 0.1 to ${MAX_FPS} frames a second`),
  },
  { error: 'a camera {"name", "maxWidth", "maxFps"}' },
);
const oneCamera = { camera: idSchema };
const oneFrame = { camera: idSchema, seq: seqSchema };

const clientMessageSchema = z.discriminatedUnion(
  'type',
  [
    z.object({
      type: z.literal('watch'),
      cameras: z
        .array(watchedSchema, { error: 'an array of cameras' })
        .max(MAX_WATCHED, { error: `at most ${MAX_WATCHED} cameras` }),
    }),
    z.object({ type: z.literal('seen'), ...oneFrame }),
    z.object({ type: z.literal('hold'), ...oneFrame }),
    z.object({ type: z.literal('release'), ...oneCamera }),
  ],
  { error: 'one of watch, seen, hold, release' },
);

/**
 * What a page says.
 * @throws SamwireError `too_large`, `invalid_json`, `invalid_message`, and `unknown_camera` for one that is not in
 * `cameras`.
 */
export function readClientMessage(
  payload: Uint8Array,
  cameras: { readonly has: (name: string) => boolean },
): ClientMessage {
  const message = check(clientMessageSchema, parseJsonObject(payload, MAX_MESSAGE_BYTES));
  const named = message.type === 'watch' ? message.cameras.map(({ name }) => name) : [message.camera];
  for (const name of named)
    if (!cameras.has(name))
      throw new SamwireError('unknown_camera', `Expected a camera of the hello message, got "${name}".`);
  return message;
}
