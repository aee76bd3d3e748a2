/** `npm run screenshots`: the pictures of the console in the README and in docs/, made by the demo itself. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { DESKTOP, launchChromium, NO_CHROMIUM, openConsole, PHONE, type Watched } from './chromium.js';
import { type Served, serveDemo } from './processes.js';
import { Stage } from './stage.js';

const PATIENCE = { timeout: 60_000 };
/** Of a repository's page: what is larger is slow to load. */
const MAX_BYTES = 150_000;

let demo: Served;
let browser: Browser;
beforeAll(async () => {
  if (NO_CHROMIUM) throw new Error(NO_CHROMIUM);
  [demo, browser] = await Promise.all([serveDemo(), launchChromium()]);
});
afterAll(() => Promise.all([browser?.close(), demo?.close()]));

async function open(options: BrowserContextOptions): Promise<{ watched: Watched; stage: Stage }> {
  const watched = await openConsole(browser, demo.url, options);
  const stage = new Stage(watched);
  await stage.button('Got it').click();
  // All six of the robot's.
  await expect.poll(() => stage.masks(), PATIENCE).toBe(6);
  return { watched, stage };
}

async function save({ page }: Watched, name: string): Promise<void> {
  const path = join(PACKAGE_ROOT, 'docs/images', name);
  for (let quality = 88; ; quality -= 4) {
    const { length } = await page.screenshot({ path, type: 'jpeg', quality });
    if (length <= MAX_BYTES) return;
  }
}

it('the live picture with the masks of a robot', async () => {
  const { watched, stage } = await open(DESKTOP);
  await stage.page.getByRole('tab', { name: 'Speed' }).click();
  // The charts have something to show then.
  await stage.page.waitForTimeout(25_000);
  await expect.poll(() => stage.masks(), PATIENCE).toBe(6);
  await save(watched, 'console.jpg');
  await watched.close();
});

it('a held picture with what was clicked, in the dark', async () => {
  const { watched, stage } = await open({ ...DESKTOP, colorScheme: 'dark' });
  await stage.click([1109, 244]);
  await expect.poll(() => stage.result(), PATIENCE).toContain('score');
  const { objects } = await stage.held();
  await stage.page.keyboard.press('u');
  for (const [id, label] of [
    ['truck', 'toy truck'],
    ['banana', 'banana'],
    ['ball', 'tennis ball'],
  ] as const) {
    const [x1, y1, x2, y2] = objects.get(id)?.box ?? [0, 0, 0, 0];
    await stage.page.getByLabel('Label').fill(label);
    const before = await stage.masks();
    if (id === 'ball') await stage.click(objects.get(id)?.point ?? [0, 0]);
    else await stage.drag([x1, y1], [x2, y2]);
    await expect.poll(() => stage.masks(), PATIENCE).toBe(before + 1);
    if (id !== 'ball') await stage.button('Keep').click();
  }
  await save(watched, 'console-dark.jpg');
  await watched.close();
});

it('a phone that follows an object', async () => {
  const { watched } = await open(PHONE);
  await save(watched, 'console-phone.jpg');
  await watched.close();
});
