import type { FastifyReply, FastifyRequest } from 'fastify';
import { SamwireError } from '../../errors.js';

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

/**
 * What the WebSocket plug-in would refuse with a text of its own.
 * @throws SamwireError `invalid_message`.
 */
export function checkHandshake({ headers }: FastifyRequest): void {
  const { upgrade = '', 'sec-websocket-version': version, 'sec-websocket-key': key = '' } = headers;
  if (upgrade.toLowerCase() === 'websocket' && version === '13' && /^[+/0-9A-Za-z]{22}==$/.test(key)) return;
  throw new SamwireError(
    'invalid_message',
    'Expected the handshake of a WebSocket: Upgrade: websocket, Sec-WebSocket-Version: 13, and a Sec-WebSocket-Key of 16 bytes in base64.',
  );
}
