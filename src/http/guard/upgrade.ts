import type { FastifyReply, FastifyRequest } from 'fastify';

/** Whether node:http has handed the connection over; `request.ws` is set later, by a hook behind ours. */
export function isUpgrade({ raw }: FastifyRequest): boolean {
  return 'upgrade' in raw && raw.upgrade === true;
}

/** A request that wanted to be a WebSocket and gets an answer: nothing else would ever end its connection. */
export function endBehindRefusal({ raw }: FastifyRequest, reply: FastifyReply): void {
  const { socket } = raw;
  reply.header('connection', 'close');
  reply.raw.once('finish', () => socket.destroySoon());
}
