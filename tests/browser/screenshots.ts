/** `npm run screenshots`: the pictures of the console in the README and in docs/, made by the demo itself. */
import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TruthObject } from '../../src/demo/scene/truth.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { DESKTOP, launchChromium, NO_CHROMIUM, openConsole, PHONE, type Watched } from './chromium.js';
import type { Shown } from './clip.js';
import { type Served, serveDemo } from './processes.js';
import { hasWholeBall, Stage } from './stage.js';

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

/** A picture that stands still: a busy machine makes the same ones as an idle one. */
const hold = (stage: Stage): Promise<Shown> => stage.hold([1109, 244], hasWholeBall);

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
