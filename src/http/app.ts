import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { answerClientError, answerErrors, answerFrameworkError } from './errors.js';
import { liveRoutes } from './live/routes.js';
import type { NodeView } from './node-view.js';
import { ROUTES, type Routes } from './routes/all.js';
import { countRequests, noteError } from './tally.js';
import { echoTrace } from './traceparent.js';

export interface AppOptions {
  readonly node: NodeView;
  readonly log: Logger;
  /** Besides those of routes/all.ts. */
  readonly routes?: readonly Routes[];
}

/**
 * The routes, with what holds for each of them. A JSON body reaches its route as the bytes that came (`request.body` is
 * a Buffer, of at most `node.limits.maxBytes`), so that it is read by the same code as a message over MQTT.
 */
export function createApp({ node, log, routes: more = [] }: AppOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    forceCloseConnections: true,
    bodyLimit: node.limits.maxBytes,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  });
  echoTrace(app);
  countRequests(app, node);
  answerErrors(app, { log, note: (error, about) => noteError(node, error, about) });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
  liveRoutes(app, node, log);
  void app.register(multipart, {
    limits: { fileSize: node.maxUploadBytes, files: 1, fields: 8, parts: 9, fieldSize: node.limits.maxBytes },
  });
  // After the plug-ins: they see only routes that are added later.
  void app.register(async (scope) => {
    for (const routes of [...ROUTES, ...more]) routes(scope, node);
  });
  return app;
}
