/** A TCP proxy on 127.0.0.1 that a test can cut, in the place of an unreliable network. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly port: number;
  /** Resets every connection that is open now; new ones are served. */
  cut(): void;
  /** Resets every connection, and each new one, until `restore()`. */
  block(): void;
  restore(): void;
  /** What is open now stays open, and nothing passes any more in either direction: half-open TCP. New connections are served. */
  freeze(): void;
  /** From the clients to the target no faster than this, on each connection; 0: as fast as it goes. */
  throttle(bytesPerSec: number): void;
  /** Cuts everything as soon as this many further bytes have gone from the clients to the target. */
  cutAfterClientBytes(bytes: number): Promise<void>;
  /** Connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

export async function startProxy(targetPort: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let blocked = false;
  let bytesPerSec = 0;
  const frozen = new WeakSet<Socket>();
  let budget: { left: number; done: () => void } | null = null;

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
    sockets.clear();
  }

  /** Passes on what the budget allows, so that the target sees the beginning of a packet and never its end. */
  function forward(chunk: Buffer, target: Socket): void {
    if (budget === null || chunk.length < budget.left) {
      if (budget !== null) budget.left -= chunk.length;
      target.write(chunk);
      return;
    }
    const { left, done } = budget;
    budget = null;
    target.write(chunk.subarray(0, left), () => {
      cut();
      done();
    });
  }

  /** A slow link: the client's socket is read no faster, so that its own buffers fill. */
  function slowly(client: Socket, bytes: number): void {
    if (bytesPerSec === 0) return;
    client.pause();
    setTimeout(() => client.resume(), (bytes * 1000) / bytesPerSec);
  }

  const server = createServer((client) => {
    accepted += 1;
    client.on('error', () => {});
    if (blocked) {
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ host: '127.0.0.1', port: targetPort });
    target.on('error', () => client.destroy());
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk: Buffer) => {
      if (frozen.has(client)) return;
      forward(chunk, target);
      slowly(client, chunk.length);
    });
    target.on('data', (chunk: Buffer) => {
      if (!frozen.has(client)) client.write(chunk);
    });
    client.once('close', () => frozen.has(client) || target.destroy());
    target.once('close', () => frozen.has(client) || client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    cut,
    block() {
      blocked = true;
      cut();
    },
    restore() {
      blocked = false;
    },
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    throttle(limit) {
      bytesPerSec = limit;
    },
    cutAfterClientBytes: (bytes) =>
      new Promise((resolve) => {
        budget = { left: bytes, done: resolve };
      }),
    connections: () => accepted,
    async close() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
