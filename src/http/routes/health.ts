import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';

/** `/healthz`: the process answers. */
export function healthRoutes(app: FastifyInstance, node: NodeView): void {
  app.get('/healthz', () => ({ status: 'ok', version: node.version }));
}
