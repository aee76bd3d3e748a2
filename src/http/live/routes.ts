import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { SamwireError } from '../../errors.js';
import type { NodeView } from '../node-view.js';
import { Live } from './live.js';

/** Beyond the limit of a message, so that who sends a larger one is told by how much; beyond this it is not read. */
const MAX_PAYLOAD_BYTES = 64 * 1024;

/** `/api/live`: what src/http/live/protocol.ts says. */
export function liveRoutes(app: FastifyInstance, node: NodeView, log: Logger): void {
  const live = new Live({
    node,
    onProblem: (camera, error) =>
      log.warn(
        { camera, err: error },
        'frames are not made JPEGs for the console; this is told once for an outage',
      ),
  });
  void app.register(websocket, {
    options: { maxPayload: MAX_PAYLOAD_BYTES, perMessageDeflate: false, autoPong: false },
    // What the other side did wrong is ws' to answer: it closes with a code.
    errorHandler: (error) => log.debug({ err: error }, 'a console page broke the WebSocket protocol'),
    preClose: (done) => void live.close().then(() => done()),
  });
  void app.register(async (scope) => {
    scope.route({
      method: 'GET',
      url: '/api/live',
      handler: () => {
        throw new SamwireError('unknown_request', 'Expected a WebSocket at /api/live, got a plain request.');
      },
      wsHandler: (socket) => live.join(socket),
    });
  });
}
