import type { FastifyRequest } from 'fastify';

/** The bytes of a JSON body; none where there is no body. */
export function bodyBytes({ body }: Pick<FastifyRequest, 'body'>): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}
