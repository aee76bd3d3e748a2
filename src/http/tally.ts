import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ErrorBody, ErrorCode } from '../errors.js';
import type { NodeView } from './node-view.js';

/** What a browser does on its way to the login, and a path that was never there, are no news to a person. */
const NO_NEWS: readonly ErrorCode[] = ['unauthorized', 'unknown_request'];

/** Counts every request; when it is answered, by its route. */
export function countRequests(
  app: FastifyInstance,
  { counters, served }: Pick<NodeView, 'counters' | 'served'>,
): void {
  app.addHook('onRequest', (_request, _reply, done) => {
    counters.requests += 1;
    done();
  });
  app.addHook('onResponse', ({ method, routeOptions }, { statusCode }, done) => {
    served({ method, route: routeOptions.url, status: statusCode });
    done();
  });
}

/**
 * An error that a client is told of, counted, and shown with the last errors; not that of a request which the guard refused:
 * whoever has no token would fill the list.
 */
export function noteError(
  { counters, errors, cameras }: Pick<NodeView, 'counters' | 'errors' | 'cameras'>,
  { code, message }: ErrorBody,
  { about: { camera }, admitted }: Pick<FastifyRequest, 'about' | 'admitted'>,
): void {
  counters.errors[code] += 1;
  if (!admitted || NO_NEWS.includes(code)) return;
  const known = camera !== undefined && cameras.has(camera);
  errors.add({ source: 'message', code, message, ...(known ? { camera } : {}) });
}
