/** `POST /api/cameras/{name}/everything`: `request/everything` of docs/mqtt.md; the camera stands in the path. */
import type { FastifyInstance } from 'fastify';
import { masksPayload } from '../../mqtt/answers.js';
import { checkEverythingRequest } from '../../prompts/everything.js';
import { parseJsonObject } from '../../prompts/json.js';
import { bodyBytes } from '../json-body.js';
import { namedCamera } from '../named-camera.js';
import type { NodeView } from '../node-view.js';
import { placed } from '../placed.js';
import { Places } from '../places.js';
import { sendJson } from '../replies.js';

/** The pipeline works on one and lets four wait; a client that has two can't shut out the others. */
const PLACES = { what: 'requests for everything', inAll: 8, perClient: 2 };

export function everythingRoutes(app: FastifyInstance, node: NodeView): void {
  app.post(
    '/api/cameras/:name/everything',
    placed(new Places(PLACES), async (request, reply, { client, signal }) => {
      const { name } = namedCamera(request, node);
      const body = bodyBytes(request);
      const value = body.length === 0 ? {} : parseJsonObject(body, node.limits.maxBytes);
      const asked = checkEverythingRequest({ ...value, camera: name });
      const { masks, edges: map } = await node.service.everything(asked, {
        receivedAtMs: Date.now(),
        client: `http ${client}`,
        signal,
        maxEdgesBytes: Number.POSITIVE_INFINITY,
      });
      const sinceMs = performance.now();
      const edges = map && { edges: { ...map, png: map.png.toString('base64') } };
      const { payload, message } = masksPayload({ ...masks, ...edges }, sinceMs);
      node.counters.answers += 1;
      // Without the edges: they are for who asked.
      node.announceMasks(name, { ...masks, timing: message.timing });
      return sendJson(reply, payload);
    }),
  );
}
