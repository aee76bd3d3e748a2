import type { WebSocket } from 'ws';

/** Close codes of RFC 6455 and of IANA's register, by what they say here. */
export const CLOSE = {
  stopping: 1001,
  unsupported: 1003,
  /** A reason of policy. */
  badMessage: 1008,
  tokenChanged: 1008,
  tooLarge: 1009,
  tooManyPages: 1013,
} as const;

/** A close frame holds 125 bytes, two of them the code. */
const MAX_REASON_BYTES = 123;
/** For the other side to answer the close; ws itself would wait for 30 s. */
const GOODBYE_MS = 1000;

const closing = new WeakSet<WebSocket>();

/** Closes with a code and a reason, cut where it is too long; who does not answer is cut off. The first call counts. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  if (closing.has(socket)) return;
  closing.add(socket);
  socket.close(code, fitting(reason));
  const timer = setTimeout(() => socket.terminate(), GOODBYE_MS);
  socket.once('close', () => clearTimeout(timer));
}

function fitting(reason: string): string {
  if (Buffer.byteLength(reason) <= MAX_REASON_BYTES) return reason;
  const characters = [...reason];
  while (Buffer.byteLength(`${characters.join('')}…`) > MAX_REASON_BYTES) characters.pop();
  return `${characters.join('')}…`;
}
