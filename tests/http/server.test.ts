import { createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigSchema } from '../../src/config/schema.js';
import { startHttp } from '../../src/http/server.js';
import { closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { handshake, listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

async function taken(): Promise<{ port: number; free: () => Promise<void> }> {
  const other: Server = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const free = () => new Promise<void>((resolve) => other.close(() => resolve()));
  owe(async () => void other.close());
  return { port: typeof address === 'object' && address ? address.port : 0, free };
}

async function start(http: object) {
  const logs: string[] = [];
  const server = await startHttp({
    http: ConfigSchema.shape.http.parse(http),
    node: testView(),
    log: pino({ level: 'trace' }, { write: (line: string) => logs.push(line) }),
    retryMs: 50,
  });
  owe(() => server.close());
  const errors = () => logs.filter((line) => JSON.parse(line).level >= 50);
  return { server, logs, errors };
}

describe('a port that another program has', () => {
  it('is told once, with what to do, and had as soon as it is free', async () => {
    const { port, free } = await taken();
    const { server, logs, errors } = await start({ port });
    expect(server.url()).toBeNull();
    await waitFor(() => logs.length > 3, 'some tries');
    expect(errors()).toHaveLength(1);
    for (const words of [String(port), 'ss -ltnp', 'http.port', 'http.enabled: false'])
      expect(errors()[0]).toContain(words);
    await free();
    await waitFor(() => server.url() !== null, 'the server listens');
    expect((await fetch(`${server.url()}/healthz`)).status).toBe(200);
    expect(errors()).toHaveLength(1);
  });

  it('is no hindrance to a stop', async () => {
    const { port } = await taken();
    const { server } = await start({ port });
    await server.close();
    await server.close();
    expect(server.url()).toBeNull();
  });
});

describe('an address', () => {
  it('that this machine has not is told with what to do', async () => {
    const { errors } = await start({ host: '192.0.2.1', port: 0, tokenFile: null });
    expect(errors()[0]).toContain('0.0.0.0');
  });

  it('of this machine may be called localhost', async () => {
    const { server } = await start({ host: 'localhost', port: 0 });
    expect(server.url()).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect((await fetch(`${server.url()}/healthz`)).status).toBe(200);
  });

  it('of IPv6 may stand in brackets', async () => {
    const { server, logs } = await start({ host: '[::1]', port: 0 });
    const url = server.url();
    if (url === null && logs.join('').includes('EADDRNOTAVAIL')) return; // No IPv6 here.
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('a stop', () => {
  const routes = (app: FastifyInstance): void => {
    app.get('/soon', () => new Promise((resolve) => setTimeout(() => resolve({ ok: true }), 300)));
    app.get('/never', () => new Promise(() => undefined));
    app.get('/socket', { websocket: true }, () => undefined);
  };
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

  it('answers what is at work, and ends what never ends, idle connections and WebSockets', async () => {
    const { url, close } = await listen(testView(), {}, { routes: [routes], limits: { closeMs: 1000 } });
    const soon = raw(url, request('/soon'), 20_000);
    const never = raw(url, request('/never'), 20_000);
    const idle = raw(url, request('/healthz'), 20_000);
    const unsaid = raw(url, '', 20_000);
    const half = raw(url, 'GET /', 20_000);
    const { socket } = await handshake(url, '/socket');
    const ended = new Promise((resolve) => socket?.once('close', resolve));
    socket?.resume();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await close();
    expect(await soon).toContain('{"ok":true}');
    expect(await never).toBe('');
    expect(await idle).toMatch(/^HTTP\/1.1 200 /);
    await Promise.all([unsaid, half, ended]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });

  it('with nothing at work does not wait', async () => {
    const { url, close } = await listen(testView(), {}, { limits: { closeMs: 30_000 } });
    const idle = raw(url, request('/healthz'), 20_000);
    const unsaid = raw(url, '', 20_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const began = performance.now();
    await close();
    await Promise.all([idle, unsaid]);
    // Far below closeMs and the clients' own time limits, however busy the machine is.
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});
