/** `/api/info` and `/api/errors`: what this node is, and what went wrong of late. */
import type { FastifyInstance } from 'fastify';
import type { NodeView } from '../node-view.js';
import { sendJson } from '../replies.js';

export function infoRoutes(app: FastifyInstance, node: NodeView): void {
  const { limits, maxUploadBytes, maxImagePixels } = node;
  const { maxBytes: maxBodyBytes, maxPrompts, maxPoints } = limits;
  app.get('/api/info', (_request, reply) =>
    sendJson(reply, {
      ...node.service.info(),
      limits: { maxBodyBytes, maxPrompts, maxPoints, maxUploadBytes, maxImagePixels },
    }),
  );
  app.get('/api/errors', (_request, reply) => sendJson(reply, { errors: node.errors.list() }));
}
