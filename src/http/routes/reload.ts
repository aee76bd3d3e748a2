/** `/api/reload`: `request/reload` of docs/mqtt.md. */
import type { FastifyInstance } from 'fastify';
import { reloadWith } from '../../mqtt/reload.js';
import type { NodeView } from '../node-view.js';
import { sendJson } from '../replies.js';

export function reloadRoutes(app: FastifyInstance, node: NodeView): void {
  app.post('/api/reload', (_request, reply) => sendJson(reply, reloadWith(node.reload)));
}
