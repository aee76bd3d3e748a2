import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';

/** `/metrics`: figures for Prometheus (docs/metrics.md). */
export function metricsRoutes(app: FastifyInstance, node: NodeView): void {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await node.metrics();
    return reply.type(contentType).header('cache-control', 'no-store').send(text);
  });
}
