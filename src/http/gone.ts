import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** One listener a socket, however many requests of it are at work. */
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `gone` once, when the answer has left or can't leave any more. The answer's own `close` does not tell of every end:
 * an answer that waits behind others of its connection (pipelining) never has it when the connection is lost.
 */
export function onceGone(
  { raw: { socket } }: FastifyRequest,
  { raw: answer }: FastifyReply,
  gone: () => void,
): void {
  const ends = waiting.get(socket) ?? endsOf(socket);
  const end = (): void => {
    if (!ends.delete(end)) return;
    answer.off('close', end);
    gone();
  };
  ends.add(end);
  answer.once('close', end);
  if (socket.closed) setImmediate(end);
}

function endsOf(socket: Socket): Set<() => void> {
  const ends = new Set<() => void>();
  waiting.set(socket, ends);
  socket.once('close', () => {
    for (const end of ends) end();
  });
  return ends;
}
