import type { FastifyReply } from 'fastify';

/** JSON that is true now: nobody keeps it. A `Buffer` is JSON already. */
export function sendJson(reply: FastifyReply, body: Buffer | object): FastifyReply {
  return reply
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(Buffer.isBuffer(body) ? body : JSON.stringify(body));
}
