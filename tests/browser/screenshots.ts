/** `npm run screenshots`: the pictures of the console in the README and in docs/, made by the demo itself. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TruthObject } from '../../src/demo/scene/truth.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { DESKTOP, launchChromium, NO_CHROMIUM, openConsole, PHONE, type Watched } from './chromium.js';
import type { Shown } from './clip.js';
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
  await expect.poll(() => stage.masks(), PATIENCE).toBeGreaterThan(0);
  return { watched, stage };
}

/** A picture that stands still: a busy machine makes the same ones as an idle one. The ball is well inside. */
async function hold(stage: Stage): Promise<Shown> {
  for (let tries = 0; tries < 30; tries++) {
    await stage.point([1109, 244]);
    await expect.poll(() => stage.result(), PATIENCE).toContain('score');
    const shown = await stage.held();
    await stage.button('Undo').click();
    await expect.poll(() => stage.masks()).toBe(0);
    const [left = 0, , right = 0] = shown.objects.get('ball')?.box ?? [];
    if (left > 120 && right < 560) return shown;
    await stage.button('Live').click();
    await stage.page.waitForTimeout(1000);
  }
  throw new Error('The ball is never where it should be.');
}

/** Asks for an object by its box, or by a click on it, under its label. */
async function ask(stage: Stage, object: TruthObject | undefined, by: 'box' | 'click'): Promise<void> {
  if (!object) throw new Error('It is not seen.');
  const before = await stage.masks();
  await stage.page.getByLabel('Label').fill(object.label);
  const [x1, y1, x2, y2] = object.box;
  if (by === 'box') await stage.drag([x1, y1], [x2, y2]);
  else await stage.point(object.point);
  await expect.poll(() => stage.masks(), PATIENCE).toBe(before + 1);
}

async function save({ page }: Watched, name: string): Promise<void> {
  const path = join(PACKAGE_ROOT, 'docs/images', name);
  for (let quality = 88; ; quality -= 4) {
    const { length } = await page.screenshot({ path, type: 'jpeg', quality });
    if (length <= MAX_BYTES) return;
  }
}

it('objects that were asked for by boxes and a click', async () => {
  const { watched, stage } = await open(DESKTOP);
  const { objects } = await hold(stage);
  for (const id of ['mug', 'truck', 'banana', 'apple', 'cactus']) {
    await ask(stage, objects.get(id), 'box');
    await stage.button('Keep').click();
  }
  await ask(stage, objects.get('ball'), 'click');
  await save(watched, 'console.jpg');
  await watched.close();
});

it('three candidates of one click, in the dark', async () => {
  const { watched, stage } = await open({ ...DESKTOP, colorScheme: 'dark' });
  const { objects } = await hold(stage);
  await stage.button('3 candidates').click();
  await ask(stage, objects.get('ball'), 'click');
  await stage.page
    .getByRole('radio', { name: /^Candidate/ })
    .first()
    .waitFor();
  await save(watched, 'console-dark.jpg');
  await watched.close();
});

it('a phone', async () => {
  const { watched, stage } = await open(PHONE);
  const { objects } = await hold(stage);
  await ask(stage, objects.get('ball'), 'click');
  await stage.button('Keep').click();
  await ask(stage, objects.get('mug'), 'click');
  await save(watched, 'console-phone.jpg');
  await watched.close();
});
