import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, so that a stop can end them: node:http knows neither WebSockets nor half a request. */
export class Connections {
  readonly #all = new Set<Socket>();
  /** They have a request at work, or have become a WebSocket. */
  readonly #inUse = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#all.add(socket);
      socket.once('close', () => {
        this.#all.delete(socket);
        this.#inUse.delete(socket);
      });
    });
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#inUse.add(socket);
      response.once('close', () => this.#inUse.delete(socket));
    });
    server.on('upgrade', ({ socket }: IncomingMessage) => this.#inUse.add(socket));
  }

  endIdle(): void {
    for (const socket of this.#all) if (!this.#inUse.has(socket)) socket.destroy();
  }

  endAll(): void {
    for (const socket of this.#all) socket.destroy();
  }
}
