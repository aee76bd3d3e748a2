import type { FastifyReply, FastifyRequest, onRequestHookHandler, RouteHandlerMethod } from 'fastify';
import { clientOf } from './client-of.js';
import { onceGone } from './gone.js';
import type { Places } from './places.js';

/** A request that has its place. */
export interface Asked {
  readonly client: string;
  /** Aborted when the client goes away before its answer. */
  readonly signal: AbortSignal;
}

interface Held extends Asked {
  readonly leave: () => void;
  working: boolean;
  gone: boolean;
}

export type PlacedHandler = (
  request: FastifyRequest,
  reply: FastifyReply,
  asked: Asked,
) => Promise<FastifyReply>;

/**
 * A route's handler, and the hook before it that takes a place: before the body is read, until both the connection and the
 * work have ended. So neither a body that never comes whole nor an answer that nobody waits for is beyond the bound.
 */
export function placed(
  places: Places,
  handler: PlacedHandler,
): { readonly onRequest: onRequestHookHandler; readonly handler: RouteHandlerMethod } {
  const held = new WeakMap<FastifyRequest, Held>();
  return {
    onRequest: (request, reply, done) => {
      const client = clientOf(request);
      const leave = places.take(client);
      const gone = new AbortController();
      const own: Held = { client, signal: gone.signal, leave, working: false, gone: false };
      held.set(request, own);
      onceGone(request, reply, () => {
        own.gone = true;
        if (!reply.raw.writableFinished) gone.abort();
        if (!own.working) leave();
      });
      done();
    },
    handler: async (request, reply) => {
      const own = held.get(request);
      if (!own) throw new Error('a request without a place');
      own.working = true;
      try {
        return await handler(request, reply, own);
      } finally {
        own.working = false;
        if (own.gone) own.leave();
      }
    },
  };
}
