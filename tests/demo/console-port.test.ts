import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { consolePort } from '../../src/demo/console-port.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function taken(port = 0): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe("the port of the demo's console", () => {
  it('is the next one where the usual one is taken', async () => {
    const port = await taken();
    const chosen = await consolePort(port);
    expect(chosen).toBeGreaterThan(port);
    expect(chosen).toBeLessThan(port + 20);
  });

  it('is the usual one where nobody has it', async () => {
    const port = await taken();
    servers.pop()?.close();
    await expect.poll(() => consolePort(port)).toBe(port);
  });
});
