import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.js';
import { answerClientError, answerErrors, answerExpectation, answerFrameworkError } from './errors.js';
import { Access } from './guard/access.js';
import { guard } from './guard/guard.js';
import { Token } from './guard/token.js';
import { HTTP_LIMITS, type HttpLimits } from './limits.js';
import { CLOSE, closeSocket } from './live/close.js';
import { liveRoutes } from './live/routes.js';
import type { NodeView } from './node-view.js';
import { ROUTES, type Routes } from './routes/all.js';
import { consoleRoutes } from './routes/console.js';
import { loginRoutes } from './routes/login.js';
import { countRequests, noteError } from './tally.js';
import { echoTrace } from './traceparent.js';

export interface AppOptions {
  readonly http: Pick<Config['http'], 'host' | 'tokenFile' | 'allowedHosts'>;
  readonly node: NodeView;
  readonly log: Logger;
  /** Besides those of routes/all.ts. */
  readonly routes?: readonly Routes[];
  readonly limits?: Partial<HttpLimits>;
  /** The built console; dist/console when left out. */
  readonly consoleFolder?: string;
}

/** Also while nobody asks: a WebSocket of the old token has to end. */
const TOKEN_LOOK_MS = 5000;

/**
 * The routes, with what holds for each of them. A JSON body reaches its route as the bytes that came (json-body.ts), at most
 * `node.limits.maxBytes` of them, so that it is read by the same code as a message over MQTT.
 * @throws ConfigError when the token file can't be used.
 */
export function createApp(options: AppOptions): FastifyInstance {
  const { http, node, log, routes = [], limits: some, consoleFolder } = options;
  const limits = { ...HTTP_LIMITS, ...some };
  const token = http.tokenFile === null ? null : new Token(http.tokenFile, node.id, log);
  const access = token && new Access(token, node.id);
  const app = fastify({
    logger: false,
    // server.ts ends what is left of them.
    forceCloseConnections: 'idle',
    // What comes while the service stops gets an error of ours from its route, or an answer.
    return503OnClosing: false,
    bodyLimit: node.limits.maxBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    // The Host is ours to ask for: node:http's own refusal has no body.
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkMs,
      requireHostHeader: false,
    },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  });
  app.server.maxConnections = limits.connections;
  app.server.on('checkExpectation', answerExpectation);
  echoTrace(app);
  countRequests(app, node);
  answerErrors(app, { log, note: (error, of) => noteError(node, error, of) });
  const rules = { host: http.host, allowedHosts: http.allowedHosts.map((host) => host.toLowerCase()) };
  guard(app, { rules, access, limits });
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
    loginRoutes(scope, access);
    consoleRoutes(scope, consoleFolder);
    for (const add of [...ROUTES, ...routes]) add(scope, node);
  });
  if (token) followToken(app, token);
  return app;
}

/** Consoles that came in with the old token have to log in anew. */
function followToken(app: FastifyInstance, token: Token): void {
  token.onChange = () => {
    for (const client of app.websocketServer.clients)
      closeSocket(client, CLOSE.tokenChanged, 'the token has changed');
  };
  const timer = setInterval(() => token.look(), TOKEN_LOOK_MS).unref();
  app.addHook('onClose', async () => clearInterval(timer));
}
