/** `/api/cameras/{name}/tracks`: `request/tracks` of docs/mqtt.md; the camera stands in the path. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJsonObject } from '../../prompts/json.js';
import { checkTracksRequest, type TrackListing } from '../../prompts/tracks.js';
import { bodyBytes } from '../json-body.js';
import { namedCamera } from '../named-camera.js';
import type { NodeView } from '../node-view.js';
import { sendJson } from '../replies.js';

interface Tracks {
  readonly camera: string;
  readonly tracks: readonly TrackListing[];
}

export function tracksRoutes(app: FastifyInstance, node: NodeView): void {
  const changed = (request: FastifyRequest, value: Record<string, unknown>): Tracks => {
    const { name: camera } = namedCamera(request, node);
    return { camera, tracks: node.service.tracks(checkTracksRequest({ ...value, camera })) };
  };
  app.get('/api/cameras/:name/tracks', (request, reply) => sendJson(reply, changed(request, {})));
  app.post('/api/cameras/:name/tracks', (request, reply) => {
    namedCamera(request, node);
    return sendJson(reply, changed(request, parseJsonObject(bodyBytes(request), node.limits.maxBytes)));
  });
}
