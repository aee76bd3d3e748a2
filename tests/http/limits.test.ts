import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { HTTP_LIMITS, type HttpLimits } from '../../src/http/limits.js';
import { page, rows, section } from '../docs/pages.js';
import { closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { handshake, listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

/** `/wait` answers when `free` is called; `/large` has more than sockets hold. */
async function server(limits: Partial<HttpLimits>) {
  const waiting: (() => void)[] = [];
  const routes = (app: FastifyInstance): void => {
    app.get('/wait', () => new Promise((resolve) => waiting.push(() => resolve({ waited: true }))));
    app.get('/large', (_request, reply) => reply.send(Buffer.alloc(64 * 1024 * 1024)));
    app.post('/echo', ({ body }) => ({ length: (body as Buffer).length }));
    app.get('/socket', { websocket: true }, () => undefined);
  };
  const started = await listen(testView(), {}, { routes: [routes], limits: { checkMs: 100, ...limits } });
  return { ...started, waiting, free: () => waiting.splice(0).forEach((answer) => void answer()) };
}

/** A client that sends these bytes and reads nothing. */
function silent(url: string, bytes: string): Promise<{ socket: Socket; closed: Promise<void> }> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write(bytes);
      resolve({ socket, closed });
    });
    socket.pause();
    socket.on('error', () => undefined);
    owe(async () => void socket.destroy());
    const closed = new Promise<void>((ended) => socket.once('close', () => ended()));
  });
}

describe('a slow client', () => {
  it.each([
    ['that never ends its headers', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-'],
    ['that never ends its first line', 'GET /heal'],
    [
      'that never ends its body',
      'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ],
  ])('%s is told and cut off, while others are answered', async (_what, bytes) => {
    const { url, fetch } = await server({ headersMs: 400, requestMs: 500 });
    const text = raw(url, bytes, 20_000);
    expect((await fetch('/healthz')).status).toBe(200);
    expect(await text).toMatch(/^HTTP\/1.1 408 .*"code":"invalid_message"/s);
  });

  it('that sends nothing at all is cut off', async () => {
    const { url } = await server({ headersMs: 400, requestMs: 500, keepAliveMs: 400 });
    const { closed, socket } = await silent(url, '');
    socket.resume();
    await closed;
  });

  it('that keeps its connection without a request is cut off', async () => {
    const { url } = await server({ keepAliveMs: 300 });
    expect(await raw(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n', 20_000)).toMatch(
      /^HTTP\/1.1 200 /,
    );
  });

  it('that takes nothing of its answer is cut off', async () => {
    const { url, fetch } = await server({ stalledAnswerMs: 500 });
    const { socket, closed } = await silent(url, 'GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect((await fetch('/healthz')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    let came = 0;
    socket.on('data', (chunk: Buffer) => {
      came += chunk.length;
    });
    socket.resume();
    await closed;
    expect(came).toBeLessThan(64 * 1024 * 1024);
  });

  it('of a WebSocket is not cut off: it has rules of its own', async () => {
    const { url } = await server({ keepAliveMs: 200, stalledAnswerMs: 200, headersMs: 200, requestMs: 300 });
    const { socket } = await handshake(url, '/socket');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(socket?.destroyed).toBe(false);
  });
});

describe('requests at work', () => {
  it('are bounded: one more is told to try again, and has its place when another has ended', async () => {
    const { fetch, waiting, free } = await server({ requests: 3 });
    const held = [fetch('/wait'), fetch('/wait'), fetch('/wait')];
    await waitFor(() => waiting.length === 3, 'three requests at work');
    const refused = await fetch('/healthz');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await refused.json()).toMatchObject({ code: 'overloaded' });
    free();
    for (const answer of await Promise.all(held)) expect(answer.status).toBe(200);
    await expect.poll(async () => (await fetch('/healthz')).status).toBe(200);
  });

  it('that their clients gave up leave their places', async () => {
    const { fetch, waiting } = await server({ requests: 2 });
    for (let n = 1; n <= 4; n += 1) {
      const gone = new AbortController();
      const asked = fetch('/wait', { signal: gone.signal }).catch(() => undefined);
      await waitFor(() => waiting.length === n, 'a request at work');
      gone.abort();
      await asked;
    }
    await expect.poll(async () => (await fetch('/healthz')).status).toBe(200);
  });
});

describe('requests of a connection that is lost', () => {
  it('leave their places, those too that wait behind others', async () => {
    const { url, fetch, waiting } = await server({ requests: 8 });
    const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    for (let n = 1; n <= 4; n += 1) {
      const { socket } = await silent(
        url,
        request('/wait') + request('/healthz').repeat(3) + request('/wait'),
      );
      await waitFor(() => waiting.length === 2 * n, 'requests at work');
      socket.destroy();
      await expect.poll(async () => (await fetch('/healthz')).status).toBe(200);
    }
  });
});

describe('connections', () => {
  it('are bounded: one more is closed at once, and who is there is served', async () => {
    const { url } = await server({ connections: 4 });
    const held = await Promise.all(Array.from({ length: 4 }, () => silent(url, '')));
    const { closed, socket } = await silent(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.resume();
    await closed;
    const first = held[0]?.socket;
    const answer = new Promise<Buffer>((resolve) => first?.once('data', resolve));
    first?.resume();
    first?.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect((await answer).toString()).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('connections of one address', () => {
  it('are not all that there are: one more is closed at once, and others come in', async () => {
    const { url } = await server({ connections: 8, connectionsPerAddress: 2 });
    await Promise.all(Array.from({ length: 2 }, () => silent(url, '')));
    const { closed, socket } = await silent(url, '');
    socket.resume();
    await closed;
    const other = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress: '127.0.0.2' });
    owe(async () => other.destroy());
    other.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [answer] = (await once(other, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('a body', () => {
  it('that says that it is too large is refused before it comes, and one that grows too large on its way', async () => {
    const { url } = await server({});
    const head = 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const told = await raw(url, `${head}Content-Length: 1000000000\r\n\r\n`);
    const grown = await raw(
      url,
      `${head}Transfer-Encoding: chunked\r\n\r\n50000\r\n${'x'.repeat(0x50000)}\r\n`,
    );
    for (const text of [told, grown]) {
      expect(text).toMatch(/^HTTP\/1.1 413 .*"code":"too_large"/s);
      expect(text).toMatch(/connection: close/i);
    }
  });
});

describe('docs/http.md', () => {
  it('has the limits of the code', () => {
    const table = section(page('docs/http.md'), 'Limits');
    const numbers = rows(table)
      .flat()
      .flatMap((cell) => [...cell.matchAll(/\b(\d+(?:\.\d+)?)( s)?\b/g)])
      .map(([, number, seconds]) => Number(number) * (seconds ? 1000 : 1));
    const { checkMs, ...shown } = HTTP_LIMITS;
    for (const limit of Object.values(shown)) expect(numbers).toContain(limit);
    expect(table).toContain(`every ${checkMs / 1000} s`);
  });
});
