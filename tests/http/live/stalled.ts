import { connect, type Socket } from 'node:net';
import type { ClientMessage } from '../../../src/http/live/protocol.js';

/**
 * A page of the server at `url` without a WebSocket library: it says `messages`, and reads nothing behind the answer to its
 * upgrade. Whoever calls it destroys the socket.
 */
export async function stalledPage(url: string, ...messages: readonly ClientMessage[]): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => socket.destroy());
  socket.write(
    [
      'GET /api/live HTTP/1.1',
      `Host: ${hostname}:${port}`,
      `Origin: ${url}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      '\r\n',
    ].join('\r\n'),
  );
  const answer = await new Promise<string>((resolve) =>
    socket.once('data', (data: Buffer) => resolve(data.toString('latin1'))),
  );
  if (!answer.startsWith('HTTP/1.1 101 ')) throw new Error(`Expected an upgrade, got ${answer}`);
  socket.pause();
  for (const message of messages) socket.write(textFrame(JSON.stringify(message)));
  return socket;
}

/** RFC 6455, 5.2: one text frame of up to 64 kB, masked with zeros. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = Buffer.from([0x81, 0x80 | 126, length >> 8, length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, Buffer.from(text)]);
}
