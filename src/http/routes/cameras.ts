/** `/api/cameras`: what each camera does, and its restart. */
import type { FastifyInstance } from 'fastify';
import type { Camera } from '../../frames/camera.js';
import type { CameraState } from '../../frames/supervision.js';
import { namedCamera } from '../named-camera.js';
import type { NodeView } from '../node-view.js';
import { sendJson } from '../replies.js';

export interface CameraListing extends CameraState {
  readonly name: string;
  /** Objects that are followed on it now. */
  readonly tracks: number;
  /** State of its depth source, where it has one. */
  readonly depth?: object;
}

export function cameraRoutes(app: FastifyInstance, node: NodeView): void {
  const listing = ({ name, state, depth }: Camera): CameraListing => ({
    name,
    ...state,
    tracks: node.service.tracks({ camera: name, change: { kind: 'none' } }).length,
    ...(depth ? { depth: depth.state } : {}),
  });
  app.get('/api/cameras', (_request, reply) =>
    sendJson(reply, { cameras: [...node.cameras.values()].map(listing) }),
  );
  app.post('/api/cameras/:name/restart', async (request, reply) => {
    const { name: camera } = namedCamera(request, node);
    await node.service.restartCamera(camera);
    return sendJson(reply, { camera });
  });
}
