import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SamwireError } from '../../errors.js';
import { onceGone } from '../gone.js';
import type { HttpLimits } from '../limits.js';
import type { Access } from './access.js';
import { SECURITY_HEADERS } from './headers.js';
import { checkHost, checkOrigin, type HostRules } from './host.js';
import { checkHandshake, endBehindRefusal, isUpgrade } from './upgrade.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without the token, also where there is one. */
    readonly open?: boolean;
  }
}

/** Of a body that is refused. */
const MAX_PASSED_BYTES = 64 * 1024 * 1024;
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

export interface GuardOptions {
  readonly rules: HostRules;
  /** Null where the config has no token. */
  readonly access: Access | null;
  readonly limits: HttpLimits;
}

/** What comes before every route, those of other modules and the upgrade to a WebSocket included. */
export function guard(app: FastifyInstance, { rules, access, limits }: GuardOptions): void {
  const sockets = webSocketRoutes(app);
  let atWork = 0;
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if (isUpgrade(request)) endBehindRefusal(request, reply);
    checkHost(request, rules);
    if (isUpgrade(request) || !READS.has(request.method)) checkOrigin(request, rules);
    if (!isUpgrade(request)) {
      atWork += 1;
      onceGone(request, reply, () => {
        atWork -= 1;
      });
      if (atWork > limits.requests) throw overloaded(limits.requests);
    } else if (!request.is404 && !sockets.has(request.routeOptions.url ?? '')) throw noWebSocket();
    else checkHandshake(request);
    const open = request.is404 || request.routeOptions.config.open === true;
    if (access && !open) access.check(request, reply);
    request.admitted = access === null || !open;
  });
  app.addHook('onError', async (request, reply) => endAfterRefusal(request, reply));
  app.addHook('onSend', async (request, _reply, payload) => {
    // Until the next request; an upgraded connection has no answer.
    if (!isUpgrade(request)) request.raw.socket.setTimeout(limits.stalledAnswerMs);
    return payload;
  });
}

/** The URLs that have a WebSocket; filled as routes are added. */
function webSocketRoutes(app: FastifyInstance): ReadonlySet<string> {
  const urls = new Set<string>();
  app.addHook('onRoute', (route) => {
    if (route.websocket || route.wsHandler) urls.add(route.url);
  });
  return urls;
}

/**
 * A body that nobody reads is not waited for. But where it is known to end soon, and its sender may come in, the rest of it is let
 * pass unread: many clients see a broken pipe instead of the answer where the connection ends while they write.
 */
function endAfterRefusal({ raw, admitted }: FastifyRequest, reply: FastifyReply): void {
  const soon = admitted && Number(raw.headers['content-length']) <= MAX_PASSED_BYTES;
  if (raw.complete) return;
  // Fastify has set it for a body above the route's limit.
  if (soon) reply.removeHeader('connection');
  else reply.header('connection', 'close');
}

function overloaded(max: number): SamwireError {
  return new SamwireError(
    'overloaded',
    `Expected at most ${max} requests at work, got one more. Try again soon.`,
  );
}

function noWebSocket(): SamwireError {
  return new SamwireError(
    'invalid_message',
    "Expected a plain HTTP/1.1 request without an Upgrade header; this path has no WebSocket. Clients that offer HTTP/2 in this way can be told not to: Java's HttpClient by version(HTTP_1_1).",
  );
}
