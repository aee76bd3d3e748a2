import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

const MAX_GZIPPED_BYTES = 100_000;
/** Names of XML's vocabularies, which nothing ever fetches. */
const NAMESPACE = /^http:\/\/www\.w3\.org\//;

let folder: string;
let files: { readonly name: string; readonly content: Buffer }[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'samwire-console-'));
  const vite = join(PACKAGE_ROOT, 'node_modules/vite/bin/vite.js');
  const args = ['build', '--config', 'console/vite.config.ts', '--outDir', folder, '--logLevel', 'warn'];
  execFileSync(process.execPath, [vite, ...args], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({ name: entry.name, content: readFileSync(join(entry.parentPath, entry.name)) }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the built console', () => {
  it('is small: all its scripts, styles and pages, gzipped', () => {
    const kinds = new Set(files.map(({ name }) => extname(name)));
    expect([...kinds]).toEqual(expect.arrayContaining(['.html', '.js', '.css']));
    const bytes = files.reduce((sum, { content }) => sum + gzipSync(content).length, 0);
    expect(bytes).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  it('refers to no other host', () => {
    const texts = files.map(({ name, content }) => ({ name, text: content.toString('utf8') }));
    const urls = texts.flatMap(({ name, text }) =>
      [...text.matchAll(/\b(?:https?|wss?):\/\/[a-z0-9.[-][^\s"'`)]*|(?:src|href)="\/\/[^"]*/gi)]
        .map(([url]) => url)
        .filter((url) => !NAMESPACE.test(url))
        .map((url) => `${name}: ${url}`),
    );
    expect(urls).toEqual([]);
  });

  it("needs nothing that the server's Content-Security-Policy refuses", () => {
    const page = files.find(({ name }) => name === 'index.html')?.content.toString('utf8') ?? '';
    expect(page).toMatch(/<script type="module"[^>]* src="\/assets\//);
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/i);
    for (const { content } of files) expect(content.toString('utf8')).not.toMatch(/["'`(]data:/);
  });
});
