/** `GET /api/cameras/{name}/frame.jpg`: a frame as a picture. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { check } from '../../prompts/json.js';
import { namedCamera } from '../named-camera.js';
import type { NodeView } from '../node-view.js';
import { placed } from '../placed.js';
import { Places } from '../places.js';

/** Each copies a frame on the main thread, and has its JPEG made on one of libuv's four. */
const PLACES = { what: 'pictures of frames', inAll: 4, perClient: 2 };
const MAX_WIDTH = 16_384;

const widthExpected = { error: `a whole number of pixels from 16 to ${MAX_WIDTH}` };
const seqExpected = { error: 'the whole number of a frame' };

/** The query, its numbers and booleans read. */
export const frameQuerySchema = z.object({
  width: z
    .int(widthExpected)
    .min(16, widthExpected)
    .max(MAX_WIDTH, widthExpected)
    .optional()
    .describe('A wider frame is made so wide. Default: as wide as it is.'),
  overlay: z
    .boolean({ error: 'true or false' })
    .optional()
    .describe(
      "The frame of the camera's last masks with these drawn in; with `seq` they are drawn where that is their frame.",
    ),
  seq: z
    .int(seqExpected)
    .min(0, seqExpected)
    .optional()
    .describe('This frame, as long as it is held. Default: the newest.'),
});

export function frameRoutes(app: FastifyInstance, node: NodeView): void {
  app.get(
    '/api/cameras/:name/frame.jpg',
    placed(new Places(PLACES), async (request, reply) => {
      const { name } = namedCamera(request, node);
      const { width, seq, overlay = false } = check(frameQuerySchema, read(request.query));
      const snapshot = await node.service.snapshot(name, {
        overlay,
        ...(width === undefined ? {} : { width }),
        ...(seq === undefined ? {} : { seq }),
        maxBytes: Number.POSITIVE_INFINITY,
      });
      const { drawn } = snapshot;
      return reply
        .type('image/jpeg')
        .headers({
          'cache-control': 'no-store',
          'samwire-seq': snapshot.seq,
          'samwire-timestamp': snapshot.timestamp,
          'samwire-width': snapshot.width,
          'samwire-height': snapshot.height,
          ...(drawn === null ? {} : { 'samwire-masks': drawn }),
        })
        .send(snapshot.jpeg);
    }),
  );
}

/** A query has texts only: what is written as a number or a boolean is one. */
function read(query: unknown): Record<string, unknown> {
  const values = Object.entries(query as Record<string, unknown>).map(([key, value]) => {
    if (value === 'true' || value === 'false') return [key, value === 'true'];
    return [key, typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value];
  });
  return Object.fromEntries(values);
}
