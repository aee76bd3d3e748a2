import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, so that a stop can end them: node:http knows neither WebSockets nor half a request. */
export class Connections {
  readonly #all = new Set<Socket>();
  /** They have a request at work, or have become a WebSocket. */
  readonly #inUse = new Set<Socket>();

  readonly #perAddress = new Map<string, number>();

  /** One more connection of an address than `maxPerAddress` is closed at once. */
  constructor(server: Server, maxPerAddress: number) {
    server.on('connection', (socket) => {
      const address = socket.remoteAddress ?? '';
      const own = (this.#perAddress.get(address) ?? 0) + 1;
      this.#perAddress.set(address, own);
      this.#all.add(socket);
      socket.once('close', () => {
        this.#all.delete(socket);
        this.#inUse.delete(socket);
        const left = (this.#perAddress.get(address) ?? 1) - 1;
        if (left > 0) this.#perAddress.set(address, left);
        else this.#perAddress.delete(address);
      });
      if (own > maxPerAddress) socket.destroy();
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
