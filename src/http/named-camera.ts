import type { FastifyRequest } from 'fastify';
import type { Camera } from '../frames/camera.js';
import { unknownCamera } from '../mqtt/exchange.js';
import { ID_PATTERN } from '../prompts/message.js';
import type { NodeView } from './node-view.js';

/**
 * The camera of a path `/api/cameras/:name/…`, which errors name from now on.
 * @throws SamwireError `unknown_camera`
 */
export function namedCamera(request: FastifyRequest, { cameras }: Pick<NodeView, 'cameras'>): Camera {
  const { name } = request.params as { readonly name: string };
  if (ID_PATTERN.test(name)) request.about.camera = name;
  const camera = cameras.get(name);
  if (camera) return camera;
  throw unknownCamera(name, [...cameras.keys()], 'path');
}
