import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigSchema } from '../../src/config/schema.js';
import { ConfigError } from '../../src/errors.js';
import { createApp } from '../../src/http/app.js';
import { closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { directory } from '../integration/service/harness.js';
import { handshake, listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

const TOKEN = 'F6s0bJxQ2vUq-a-token-of-the-test';

async function tokenFile(text = `${TOKEN}\n`): Promise<string> {
  const path = join(await directory(), 'token');
  await writeFile(path, text);
  return path;
}

/** A protected route, one that answers with what came, and a WebSocket. */
function routes(app: FastifyInstance): void {
  app.get('/api/secret', () => ({ secret: true }));
  app.get('/api/socket', { websocket: true }, () => undefined);
}

async function server() {
  const path = await tokenFile();
  const view = testView();
  const started = await listen(view, { tokenFile: path }, { routes: [routes] });
  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  const secret = async (init?: RequestInit) => (await started.fetch('/api/secret', init)).status;
  return { ...started, view, path, bearer, secret };
}

const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

interface Route {
  readonly method: string;
  readonly path: string;
  readonly websocket: boolean;
}

/** Each route of the server, as it is registered. */
async function everyRoute(): Promise<{ url: string; all: Route[] }> {
  const http = ConfigSchema.shape.http.parse({ port: 0, tokenFile: await tokenFile() });
  const app = createApp({ http, node: testView(), log: pino({ level: 'silent' }) });
  const all: Route[] = [];
  app.addHook('onRoute', ({ method, url, websocket, wsHandler }) => {
    const path = url.replace(/:\w+/g, 'front');
    for (const one of [method].flat())
      all.push({ method: one, path, websocket: Boolean(websocket ?? wsHandler) });
  });
  owe(() => app.close());
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), all };
}

describe('/readyz', () => {
  it('tells no names where there is a token, whether the caller has it or not', async () => {
    const { fetch, bearer } = await server();
    for (const init of [{}, bearer(TOKEN)]) {
      const text = await (await fetch('/readyz', init)).text();
      expect(JSON.parse(text)).toMatchObject({
        ready: true,
        checks: { cameras: { ok: true, detail: 'ready' } },
      });
      expect(text).not.toMatch(/front|test-model|mqtt:/);
    }
  });
});

describe('every route', () => {
  it('but those that are open asks for the token', async () => {
    const { url, all } = await everyRoute();
    const open = new Set<string>();
    const wrong: Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: `Basic ${TOKEN}` },
      { authorization: TOKEN },
      { cookie: `samwire-n1=${TOKEN}` },
      { cookie: 'samwire-n1=zzzzzzzzz.AAAA' },
    ];
    for (const { method, path, websocket } of all) {
      for (const headers of wrong) {
        const status = websocket
          ? (await handshake(url, path, headers)).status
          : (await fetch(`${url}${path}`, { method, headers })).status;
        // 429: the same address has tried too often by then.
        if (![401, 429].includes(status)) open.add(`${method} ${path}`);
      }
      if (!open.has(`${method} ${path}`))
        expect((await fetch(`${url}${path}?token=${TOKEN}`, { method })).status).toBe(401);
    }
    expect(all.length).toBeGreaterThan(open.size);
    expect([...open].map((route) => route.replace(/^(?:GET|HEAD)/, 'GET')).sort()).toEqual(
      ['/', '/*', '/healthz', '/readyz']
        .flatMap((path) => Array<string>(2).fill(`GET ${path}`))
        .concat('POST /api/login', 'POST /api/logout'),
    );
  });
});

describe('the token', () => {
  it('lets in as Bearer, and nobody without it or with another', async () => {
    const { secret, bearer, fetch } = await server();
    expect(await secret(bearer(TOKEN))).toBe(200);
    for (const token of ['', 'x', TOKEN.slice(1), `${TOKEN}x`, `${TOKEN}\u00e9`, TOKEN.toUpperCase()])
      expect(await secret(bearer(token))).toBe(401);
    const refused = await fetch('/api/secret');
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refused.json()).toMatchObject({ code: 'unauthorized' });
  });

  it('of any form takes no time to refuse', async () => {
    const { secret, bearer } = await server();
    // With an expression that tries each of the spaces, each of these holds the main thread up for half a second.
    const spaces = `a${' '.repeat(15_000)}b`;
    for (let n = 0; n < 40; n += 1) expect([401, 429]).toContain(await secret(bearer(spaces)));
  }, 8000);

  it('makes a cookie that no script reads, that is not the token, and that a logout takes away', async () => {
    const { post, secret, fetch } = await server();
    const login = await post('/api/login', { token: TOKEN });
    expect(login.status).toBe(204);
    const header = login.headers.getSetCookie()[0] ?? '';
    expect(header).toMatch(/^samwire-n1=[\w.-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(header).not.toContain(TOKEN);
    const cookie = cookieOf(login);
    expect(await secret({ headers: { cookie: `other=1; ${cookie}` } })).toBe(200);
    expect(await secret({ headers: { cookie: `${cookie}x` } })).toBe(401);
    const logout = await fetch('/api/logout', { method: 'POST', headers: { cookie } });
    expect(logout.headers.getSetCookie()[0]).toMatch(/^samwire-n1=; Max-Age=0;/);
  });

  it('that is wrong gives no cookie, and a body that is none gets the error schema', async () => {
    const { post } = await server();
    const wrong = await post('/api/login', { token: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(wrong.headers.getSetCookie()).toEqual([]);
    for (const body of ['', '{', '[]', '{}', '{"token":3}', '"x"'])
      expect((await post('/api/login', body)).status).toBe(400);
    expect((await post('/api/login', { token: 'x'.repeat(9000) })).status).toBe(413);
  });

  it('opens a WebSocket, and without it there is none', async () => {
    const { url, post } = await server();
    const cookie = cookieOf(await post('/api/login', { token: TOKEN }));
    expect((await handshake(url, '/api/socket', { cookie })).status).toBe(101);
    expect((await handshake(url, '/api/socket', { authorization: `Bearer ${TOKEN}` })).status).toBe(101);
    const refused = await handshake(url, '/api/socket');
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'unauthorized' });
  });

  it('is the one that the file holds now: old cookies and open WebSockets end with the old one', async () => {
    const { url, post, secret, bearer, path, logs } = await server();
    const cookie = cookieOf(await post('/api/login', { token: TOKEN }));
    const { socket } = await handshake(url, '/api/socket', { cookie });
    const ended = new Promise((resolve) => socket?.once('data', resolve));
    await writeFile(`${path}.new`, 'another-token\r\n');
    await rename(`${path}.new`, path);
    await expect.poll(() => secret(bearer('another-token')), { timeout: 10_000 }).toBe(200);
    expect(await secret(bearer(TOKEN))).toBe(401);
    expect(await secret({ headers: { cookie } })).toBe(401);
    // A closing frame with the code 1008.
    expect(((await ended) as Buffer).subarray(2, 4).readUInt16BE()).toBe(1008);
    expect(logs.join('')).toContain('the token has changed');
  });

  it('stays while the file is away or empty, and that is logged once', async () => {
    const { secret, bearer, path, logs } = await server();
    await writeFile(path, '');
    await waitFor(() => {
      void secret(bearer(TOKEN));
      return logs.join('').includes('the old token stays');
    }, 'a log line about the token file');
    await rename(path, `${path}.away`);
    expect(await secret(bearer(TOKEN))).toBe(200);
    expect(logs.filter((line) => line.includes('the old token stays'))).toHaveLength(1);
  });

  it('stands in no log and in no answer, nor does a wrong one', async () => {
    const { url, post, fetch, bearer, logs } = await server();
    const wrong = 'a-wrong-token-9f2c';
    const answers = [
      await post('/api/login', { token: wrong }),
      await post('/api/login', { token: TOKEN, more: wrong }),
      await post('/api/login', `{"token":"${wrong}`),
      await fetch(`/api/secret?token=${wrong}`, bearer(wrong)),
      await fetch(`/${wrong}%zz`, bearer(wrong)),
    ];
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    texts.push(await raw(url, `GET / HTTP/9.9\r\nAuthorization: Bearer ${wrong}\r\n\r\n`));
    expect(`${texts.join('')}${logs.join('')}`).not.toMatch(new RegExp(`${wrong}|${TOKEN}`));
  });
});

describe('who tries tokens', () => {
  it('has to wait after ten, while those who are known go on', async () => {
    const { post, fetch, secret, bearer, view } = await server();
    expect(await secret(bearer(TOKEN))).toBe(200);
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await post('/api/login', { token: `${n}` })).status);
    expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
    expect(statuses.at(-1)).toBe(429);
    const refused = await fetch('/api/secret', bearer('next'));
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(1);
    expect((await post('/api/login', { token: TOKEN })).status).toBe(204);
    expect(view.errors.list()).toEqual([]);
    expect(await secret(bearer(TOKEN))).toBe(200);
  });
});

describe('a token file that can not be used', () => {
  it.each([
    ['is not there', null],
    ['is empty', ''],
    ['holds a line end only', '\n'],
    ['holds two lines', 'a\nb\n'],
    ['holds bytes', '\u0000\u0001'],
  ])('that %s is a config fault that says what to do', async (_what, text) => {
    const path = text === null ? '/nowhere/token' : await tokenFile(text);
    const started = listen(testView(), { tokenFile: path });
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow(/openssl rand/);
    await expect(started).rejects.toThrow(path);
  });
});
