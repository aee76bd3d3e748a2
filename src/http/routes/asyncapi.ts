import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';

/** `GET /api/asyncapi.json`: the node's topics and messages, as docs/asyncapi.json has those of any node. */
export function asyncApiRoutes(app: FastifyInstance, node: NodeView): void {
  let text: string | undefined;
  app.get('/api/asyncapi.json', (_request, reply) => {
    text ??= node.asyncApi();
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
