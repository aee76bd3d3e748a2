import type { FastifyInstance } from 'fastify';
import { openApiText } from '../openapi/document.js';

/** `GET /api/openapi.json`: the document of this API. */
export function openApiRoutes(app: FastifyInstance): void {
  let text: string | undefined;
  app.get('/api/openapi.json', (_request, reply) => {
    text ??= openApiText();
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
