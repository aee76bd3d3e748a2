import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../integration/mqtt/harness.js';
import { handshake, listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

function routes(app: FastifyInstance): void {
  app.post('/api/change', () => ({ changed: true }));
  app.get('/api/socket', { websocket: true }, () => undefined);
}

const server = (http: object = {}) => listen(testView(), { ...http }, { routes: [routes] });

/** The answer's status to a request with exactly these headers: `fetch` allows no Host of one's own. */
async function statusOf(url: string, request: string, headers: readonly string[]): Promise<number> {
  const text = await raw(url, [request, ...headers, 'Connection: close', '', ''].join('\r\n'));
  return Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
}

describe('a Host on a loopback address', () => {
  it.each([
    'localhost',
    'localhost:8080',
    'LOCALHOST:1',
    '127.0.0.1:8080',
    '127.1.2.3',
    '[::1]:8080',
    '[::1]',
  ])('%s is one of ours', async (host) => {
    const { url } = await server();
    expect(await statusOf(url, 'GET /healthz HTTP/1.1', [`Host: ${host}`])).toBe(200);
  });

  it.each([
    ['evil.example', 403],
    ['evil.example:8080', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['127.0.0.1.nip.io:8080', 403],
    ['192.168.1.7:8080', 403],
    ['0.0.0.0:8080', 403],
    ['[::2]:8080', 403],
    ['localhost.', 403],
    ['user@localhost', 400],
    ['localhost/evil', 400],
    ['local host', 400],
    ['localhost:80:80', 400],
    ['localhost:', 400],
    ['', 400],
  ])('%j is refused with %i, on every path', async (host, status) => {
    const { url } = await server();
    for (const request of ['GET /healthz HTTP/1.1', 'GET /api/socket HTTP/1.1', 'GET /nothing HTTP/1.1'])
      expect(await statusOf(url, request, [`Host: ${host}`])).toBe(status);
  });

  it('is asked for', async () => {
    const { url } = await server();
    expect(await statusOf(url, 'GET /healthz HTTP/1.1', [])).toBe(400);
    expect(await statusOf(url, 'GET /healthz HTTP/1.0', [])).toBe(400);
  });

  it('that is foreign is told what was expected', async () => {
    const { url } = await server();
    const text = await raw(url, 'GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
    expect(text).toContain('"code":"forbidden"');
    expect(text).toContain('localhost');
    expect(text).toContain('http.allowedHosts');
  });

  it('may be one that the config names', async () => {
    const { url } = await server({ allowedHosts: ['Robot.example'] });
    expect(await statusOf(url, 'GET /healthz HTTP/1.1', ['Host: robot.EXAMPLE:443'])).toBe(200);
    expect(await statusOf(url, 'GET /healthz HTTP/1.1', ['Host: other.example'])).toBe(403);
  });
});

describe('an Origin', () => {
  const foreign = [
    'http://evil.example',
    'http://localhost:1',
    'https://localhost.evil.example',
    'null',
    'file://',
    'chrome-extension://abc',
    'nonsense',
    '',
  ];

  it('of another site opens no WebSocket', async () => {
    const { url } = await server();
    for (const origin of foreign) {
      const refused = await handshake(url, '/api/socket', { origin });
      expect([origin, refused.status]).toEqual([origin, 403]);
      expect(JSON.parse(refused.body)).toMatchObject({ code: 'forbidden' });
    }
    expect((await handshake(url, '/api/socket', { origin: url })).status).toBe(101);
    expect((await handshake(url, '/api/socket')).status).toBe(101);
    const site = { origin: url, 'sec-fetch-site': 'cross-site' };
    expect((await handshake(url, '/api/socket', site)).status).toBe(403);
  });

  it('of another site changes nothing, and the own one does', async () => {
    const { url, post } = await server();
    for (const origin of foreign) expect((await post('/api/change', {}, { origin })).status).toBe(403);
    for (const site of ['cross-site', 'same-site'])
      expect((await post('/api/change', {}, { 'sec-fetch-site': site })).status).toBe(403);
    expect((await post('/api/change', {}, { origin: url, 'sec-fetch-site': 'same-origin' })).status).toBe(
      200,
    );
    expect((await post('/api/change', {})).status).toBe(200);
  });

  it('is the own one behind a proxy that speaks TLS and hands on the Host, or that the config names', async () => {
    const { url } = await server({ allowedHosts: ['robot.example'] });
    const change = (host: string, origin: string) =>
      statusOf(url, 'POST /api/change HTTP/1.1', [`Host: ${host}`, `Origin: ${origin}`]);
    expect(await change('robot.example', 'https://robot.example')).toBe(200);
    expect(await change('robot.example:443', 'https://robot.example')).toBe(200);
    expect(await change('127.0.0.1:8080', 'https://robot.example')).toBe(200);
    expect(await change('robot.example', 'https://evil.example')).toBe(403);
  });

  it('is never told that it may read', async () => {
    const { fetch } = await server();
    const answer = await fetch('/healthz', { headers: { origin: 'http://evil.example' } });
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    const preflight = { origin: 'http://evil.example', 'access-control-request-method': 'POST' };
    expect((await fetch('/api/change', { method: 'OPTIONS', headers: preflight })).status).toBe(403);
  });
});

describe('a WebSocket that is refused', () => {
  it.each([
    ['/api/socket', 403, ['Host: evil.example']],
    ['/api/socket', 403, ['Host: localhost', 'Origin: http://evil.example']],
    ['/api/socket', 400, []],
    ['/nothing', 400, ['Host: localhost']],
    ['/healthz', 400, ['Host: localhost']],
    ['/%zz', 400, ['Host: localhost']],
    [`/${'x'.repeat(2000)}`, 400, ['Host: localhost']],
  ] as const)('at %s with %i leaves no connection behind', async (path, status, headers) => {
    const { url } = await server();
    const asked = [
      `GET ${path} HTTP/1.1`,
      ...headers,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    let ended = false;
    const text = raw(url, [...asked, '', ''].join('\r\n'), 20_000).finally(() => {
      ended = true;
    });
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(true);
    expect(Number(/^HTTP\/1.1 (\d+)/.exec(await text)?.[1])).toBe(status);
  });
});

describe('a handshake', () => {
  it.each([
    ['of another protocol', { upgrade: 'h2c' }],
    ['of an old version', { 'sec-websocket-version': '8' }],
    ['without a key', { 'sec-websocket-key': 'x' }],
  ])('%s is refused with the error schema', async (_what, headers) => {
    const { url } = await server();
    const { status, body } = await handshake(url, '/api/socket', headers as Record<string, string>);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_message' });
  });
});

describe('a body', () => {
  it('that a form of any site could send is refused', async () => {
    const { url, post } = await server();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'x'])
      expect((await post('/api/change', 'a=1', { 'content-type': type })).status).toBe(415);
    const bare = 'POST /api/change HTTP/1.1';
    expect(await statusOf(url, bare, ['Host: localhost', 'Content-Length: 0'])).toBe(200);
  });
});

describe('every answer', () => {
  it('has the headers that keep scripts, frames and caches out', async () => {
    const { fetch, post } = await server();
    for (const answer of [
      await fetch('/healthz'),
      await fetch('/nothing'),
      await fetch('/%zz'),
      await post('/api/change', 'x', { 'content-type': 'text/plain' }),
    ]) {
      expect(answer.headers.get('content-security-policy')).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      );
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('same-origin');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
  });
});
