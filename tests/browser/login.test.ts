/** The console of a node that wants a token, has no broker, and a camera whose fault has HTML in it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sidewaysScroll, violations } from './accessibility.js';
import { launchChromium, NO_CHROMIUM, openConsole, PHONE, type Watched } from './chromium.js';
import { type Served, serveNode } from './processes.js';

const TOKEN = 'a-token-of-the-test-that-is-long-enough';
const HTML = `<img src=x onerror="document.title='hit'">`;

describe.skipIf(NO_CHROMIUM)('the console of a node with a token', () => {
  let dir: string;
  let node: Served;
  let browser: Browser;
  let opened: Watched;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'samwire-login-'));
    const tokenFile = join(dir, 'token');
    await writeFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
    [node, browser] = await Promise.all([
      serveNode({
        version: 1,
        node: { id: 'guarded' },
        // Nobody listens there.
        mqtt: { url: 'mqtt://127.0.0.1:1' },
        http: { port: 0, tokenFile },
        cameras: { broken: { source: `file:///nowhere/${HTML}.webm` }, ball: { source: 'test://ball' } },
      }),
      launchChromium(),
    ]);
    opened = await openConsole(browser, node.url);
  });
  afterAll(async () => {
    await Promise.all([browser?.close(), node?.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  const logIn = async ({ page }: Watched, token: string): Promise<void> => {
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
  };

  it('asks for the token, on a page without an accessibility fault', async () => {
    const { page } = opened;
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await violations(page)).toEqual([]);
    const phone = await openConsole(browser, node.url, { ...PHONE, colorScheme: 'dark' });
    await phone.page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await sidewaysScroll(phone.page)).toBe(0);
    expect(await violations(phone.page)).toEqual([]);
    await phone.close();
  });

  it('says in words that a token is wrong, and shows nothing', async () => {
    await logIn(opened, 'not this one');
    await expect.poll(() => opened.page.getByRole('alert').innerText()).toContain('not the token');
    expect(await opened.page.getByRole('navigation', { name: 'Cameras' }).count()).toBe(0);
  });

  it('lets the right one in, and keeps it over a reload, out of reach of scripts', async () => {
    const { page } = opened;
    await logIn(opened, TOKEN);
    await page.getByRole('navigation', { name: 'Cameras' }).waitFor();
    await page.reload();
    await page.getByRole('navigation', { name: 'Cameras' }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it("shows a camera's fault with its remedy as text, whatever it holds", async () => {
    const { page } = opened;
    await page.getByTestId('camera-broken').click();
    await page.getByText(HTML).first().waitFor();
    expect(await page.locator('img[src=x]').count()).toBe(0);
    expect(await page.title()).not.toBe('hit');
  });

  it('says that the broker is not there', async () => {
    const notice = opened.page.getByTestId('notice-broker');
    expect(await notice.innerText()).toMatch(/mqtt:\/\/127\.0\.0\.1:1 .*does not answer/);
  });

  it('asked no other host, and no script of it failed', () => {
    expect(opened.foreign).toEqual([]);
    expect(opened.faults).toEqual([]);
  });
});
