import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll } from '../integration/mqtt/harness.js';
import { directory } from '../integration/service/harness.js';
import { listen, raw } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

const SECRET = 'outside of the console';

/** A built console in a folder that has secrets beside it, and in it one that no build makes. */
async function built(): Promise<string> {
  const dir = await directory();
  const folder = join(dir, 'console');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await mkdir(join(dir, 'consolex'));
  await Promise.all([
    writeFile(join(dir, 'secret.txt'), SECRET),
    writeFile(join(dir, 'consolex/secret.txt'), SECRET),
    writeFile(join(folder, '.env'), SECRET),
    writeFile(join(folder, 'index.html'), '<title>Samwire</title>'),
    writeFile(join(folder, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>'),
    writeFile(join(folder, 'assets/index-Ab12_-x.js'), 'export {};'),
    writeFile(join(folder, 'assets/index-Ab12.css'), 'a{}'),
  ]);
  return folder;
}

const server = async (http: object = {}) => listen(testView(), { ...http }, { consoleFolder: await built() });

describe('the console', () => {
  it.each([
    ['/', 'text/html', 'no-cache'],
    ['/?camera=front', 'text/html', 'no-cache'],
    ['/favicon.svg', 'image/svg+xml', 'no-cache'],
    ['/assets/index-Ab12_-x.js', 'application/javascript', 'public, max-age=31536000, immutable'],
    ['/assets/index-Ab12.css', 'text/css', 'public, max-age=31536000, immutable'],
  ])('serves %s as %s, cached as %s', async (path, type, cache) => {
    const { url, fetch } = await server();
    const answer = await fetch(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain(type);
    expect(answer.headers.get('cache-control')).toBe(cache);
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    const etag = answer.headers.get('etag') ?? '';
    const again = await raw(
      url,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: ${etag}\r\nConnection: close\r\n\r\n`,
    );
    expect(again).toMatch(/^HTTP\/1.1 304 /);
    expect(again).toContain(`cache-control: ${cache}\r\n`);
  });

  it('has no other files: errors are not kept in caches', async () => {
    const { fetch } = await server();
    for (const path of ['/nothing.js', '/assets/gone-1234.js', '/assets', '/assets/', '/.env']) {
      const answer = await fetch(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(await answer.json()).toMatchObject({ code: 'unknown_request' });
    }
  });

  it('that is not built says how it is, and the API works all the same', async () => {
    const { fetch } = await listen(testView(), {}, { consoleFolder: join(await directory(), 'none') });
    const page = await fetch('/');
    expect(page.status).toBe(503);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('npm run build:console');
    expect((await fetch('/assets/x.js')).status).toBe(404);
    expect((await fetch('/healthz')).status).toBe(200);
  });
});

describe('a path out of its folder', () => {
  const up = [
    '..',
    '.%2e',
    '%2e.',
    '%2e%2e',
    '%2E%2E',
    '%252e%252e',
    '..%00',
    '..;',
    '\u002e\u002e',
    '%c0%ae%c0%ae',
  ];
  const slash = ['/', '//', '\\', '%2f', '%2F', '%5c', '%5C', '%252f', '%255c', '%c0%af', '%ef%bc%8f'];
  const spellings = [
    ...up.flatMap((dots) =>
      slash.flatMap((sep) => [
        `/${dots}${sep}secret.txt`,
        `/assets${sep}${dots}${sep}${dots}${sep}secret.txt`,
      ]),
    ),
    '/../consolex/secret.txt',
    '/..%2fconsolex%2fsecret.txt',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/file:///etc/passwd',
    '/assets/..%2f.env',
    '/%2eenv',
    '/secret.txt%00.js',
    '/index.html%00',
    '/index.html%2f..%2f..%2fsecret.txt',
    'http://localhost/../secret.txt',
    '../secret.txt',
    '/C:%5csecret.txt',
    '/....//secret.txt',
    '/assets/....//....//secret.txt',
  ];

  it(`is refused in ${spellings.length} spellings`, async () => {
    const { url } = await server();
    for (const path of spellings) {
      const text = await raw(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(text)?.[1]);
      expect([path, [400, 403, 404].includes(status)], text).toEqual([path, true]);
      expect(text).toMatch(/"code":"(?:invalid_message|unknown_request|forbidden)"/);
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('/tmp');
      expect(text).not.toContain('root:');
    }
  });
});
