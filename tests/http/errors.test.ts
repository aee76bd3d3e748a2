import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { ERROR_CODES, SamwireError } from '../../src/errors.js';
import { statusOf } from '../../src/http/status.js';
import { errorMessageSchema } from '../../src/outputs/masks-schema.js';
import { closeAll } from '../integration/mqtt/harness.js';
import { listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

const SECRET = 'a path of /home/robot';

/** Routes that fail, beside the real ones. */
function failing(app: FastifyInstance): void {
  app.get('/fail/ours', (request) => {
    request.about = { camera: 'front', requestId: 'r1' };
    throw new SamwireError('frame_evicted', 'Expected a frame that is held.', {
      details: [{ path: 'frame', expected: 'a held frame', got: '3' }],
    });
  });
  app.get('/fail/else', () => {
    throw new TypeError(SECRET);
  });
  app.get('/fail/nothing', () => {
    throw null;
  });
  app.post('/bytes', ({ body }) => ({ length: (body as Buffer).length }));
}

const server = () => listen(testView(), {}, { routes: [failing] });

async function body(response: Response): Promise<{ status: number; code: string; message: string }> {
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return { status: response.status, ...errorMessageSchema.parse(await response.json()) };
}

describe('a status', () => {
  it('is there for each code', () => {
    const internal = ['internal', 'model_failed', 'device_failed'];
    expect(ERROR_CODES.filter((code) => statusOf(code) === 500).sort()).toEqual(internal.sort());
  });
});

describe('an error', () => {
  it('says what to do to a client that offers HTTP/2 on each request', async () => {
    const { url } = await server();
    const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk';
    const answer = await raw(url, `GET /healthz HTTP/1.1\r\nHost: localhost\r\n${offer}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 .*"invalid_message".*version\(HTTP_1_1\)/s);
  });

  it('that a route throws is its body, with the status of its code and what the route knows', async () => {
    const { fetch } = await server();
    const response = await fetch('/fail/ours');
    expect(response.status).toBe(statusOf('frame_evicted'));
    expect(await response.json()).toEqual({
      camera: 'front',
      requestId: 'r1',
      code: 'frame_evicted',
      message: 'Expected a frame that is held.',
      details: [{ path: 'frame', expected: 'a held frame', got: '3' }],
    });
  });

  it('that is a bug is logged with its stack, and tells the client nothing of itself', async () => {
    const { fetch, logs } = await server();
    for (const path of ['/fail/else', '/fail/nothing']) {
      const text = await (await fetch(path)).text();
      expect(JSON.parse(text)).toMatchObject({ code: 'internal' });
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('.ts');
    }
    expect(logs.join('')).toContain(SECRET);
    expect(logs.join('')).toContain('errors.test.ts');
  });

  it.each([
    ['no such path', '/nothing', {}, 404, 'unknown_request'],
    ['another method', '/healthz', { method: 'DELETE' }, 405, 'unknown_request'],
    ['a broken escape', '/a%zz', {}, 400, 'invalid_message'],
    ['a form', '/bytes', { method: 'POST', body: new URLSearchParams({ a: '1' }) }, 415, 'invalid_message'],
    ['text', '/bytes', { method: 'POST', body: '{}' }, 415, 'invalid_message'],
    [
      'too long a body',
      '/bytes',
      { method: 'POST', body: 'x'.repeat(262_145), headers: { 'content-type': 'application/json' } },
      413,
      'too_large',
    ],
  ] as const)('is the answer to %s', async (_what, path, init, status, code) => {
    const { fetch } = await server();
    expect(await body(await fetch(path, init as RequestInit))).toMatchObject({ status, code });
  });

  it('names the methods that a path has', async () => {
    const { fetch } = await server();
    expect((await fetch('/healthz', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });

  it.each([
    ['bytes that are no HTTP', 'hello\r\n\r\n', 400, 'invalid_message'],
    ['an unknown method', 'FLY / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'invalid_message'],
    [
      'two lengths',
      'POST /bytes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
      400,
    ],
    [
      'a length and chunks',
      'POST /bytes HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'a broken chunk',
      'POST /bytes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
    ],
    ['an expectation', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\n\r\n', 417],
    ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: local\0host\r\n\r\n', 400],
    [
      'headers without end',
      `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}`,
      431,
      'too_large',
    ],
    ['a path without end', `GET /${'x'.repeat(20_000)}`, 431, 'too_large'],
  ] as const)(
    'is the answer to %s, and the connection ends',
    async (_what, bytes, status, code = 'invalid_message') => {
      const { url, fetch } = await server();
      const text = await raw(url, bytes);
      expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(errorMessageSchema.parse(JSON.parse(text.split('\r\n\r\n')[1] ?? ''))).toMatchObject({ code });
      expect((await fetch('/healthz')).status).toBe(200);
    },
  );
});
