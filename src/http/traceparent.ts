import type { FastifyInstance } from 'fastify';
import { traceOf, traceProperties } from '../mqtt/trace.js';

/** A request's W3C trace context comes back with its answer, whatever that is; one that is not of that form does not. */
export function echoTrace(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(traceProperties(traceOf(request.headers)));
    done();
  });
}
