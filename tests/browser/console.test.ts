/** The console as a person uses it: the real demo, in Debian's Chromium. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Masks } from '../../src/http/live/protocol.js';
import { decodeRle } from '../segment/coco-rle.js';
import { sidewaysScroll, violations } from './accessibility.js';
import { DESKTOP, launchChromium, NO_CHROMIUM, openConsole, PHONE, type Watched } from './chromium.js';
import { iou, type Shown, shownIn } from './clip.js';
import { type Served, serveDemo } from './processes.js';
import { hasWholeBall, type PngMask, readPng, Stage } from './stage.js';

/** Of the issue; what samwire-tiny gives of these prompts on this clip is 0.8 and more. */
const LEAST_IOU = 0.6;
/** Longer than anything takes on two busy cores. */
const PATIENCE = { timeout: 20_000 };

/** Stands still at the same place in every frame. */
const MUG = [1109, 244] as const;

describe.skipIf(NO_CHROMIUM)('the console of the demo', () => {
  let demo: Served;
  let browser: Browser;
  let desktop: Watched;
  let stage: Stage;

  beforeAll(async () => {
    [demo, browser] = await Promise.all([serveDemo(), launchChromium()]);
    desktop = await openConsole(browser, demo.url);
    stage = new Stage(desktop);
  });
  afterAll(() => Promise.all([browser?.close(), demo?.close()]));

  const tool = (name: string) => stage.button(name).click();
  const goLive = async () => {
    if ((await stage.says('state')) === 'held') await tool('Live');
    await expect.poll(() => stage.says('state'), PATIENCE).toBe('live');
  };

  it("shows the camera, and the masks of the robot's prompts, without a click", async () => {
    // The page is there before the model is.
    await expect.poll(() => stage.masks(), { timeout: 45_000 }).toBeGreaterThan(3);
    const before = Number(await stage.says('seq'));
    await expect.poll(async () => Number(await stage.says('seq')), PATIENCE).toBeGreaterThan(before);
    expect(await stage.page.getByTestId('model').innerText()).toContain('samwire-tiny');
  });

  describe('on a picture that stands still', () => {
    let shown: Shown;
    let pngs: ReadonlyMap<string, PngMask>;

    it('gets a mask of what is clicked, and keeps it', async () => {
      // A click on what does not move makes the picture stand still; from then on every object's place is known.
      shown = await stage.hold(MUG, hasWholeBall);
      await stage.click(shown.objects.get('ball')?.point ?? MUG);
      await expect.poll(() => stage.masks(), PATIENCE).toBe(1);
      await tool('Keep');
    });

    it('gets a mask of what is in a box', async () => {
      const [x1, y1, x2, y2] = shown.objects.get('truck')?.box ?? [0, 0, 1, 1];
      await stage.drag([x1, y1], [x2, y2]);
      await expect.poll(() => stage.masks(), PATIENCE).toBe(2);
      await tool('Keep');
    });

    it('takes away what a background point is on, and gives it back by undo', async () => {
      const [x1, y1, x2, y2] = shown.objects.get('apple')?.box ?? [0, 0, 1, 1];
      // Its score may be the same in its two digits.
      const count = () =>
        stage.page.getByTestId('objects').getByRole('listitem').last().getAttribute('data-area');
      await stage.click([(x1 + x2) / 2, (y1 + y2) / 2]);
      await expect.poll(() => stage.masks(), PATIENCE).toBe(3);
      const first = await count();
      await stage.click([x2 + 12, y2 + 12], { button: 'right' });
      await expect.poll(count, PATIENCE).not.toBe(first);
      await stage.page.keyboard.press('u');
      await expect.poll(count, PATIENCE).toBe(first);
      await stage.click([x2 + 12, y2 + 12], { shift: true });
      await expect.poll(count, PATIENCE).not.toBe(first);
    });

    it('saves a PNG of each mask, of the size of the frame, black and white', async () => {
      const saved = await stage.download('Mask PNG', 3);
      pngs = new Map(
        await Promise.all(saved.map(async ({ name, bytes }) => [name, await readPng(bytes)] as const)),
      );
      for (const { width, height, pixels } of pngs.values()) {
        expect([width, height]).toEqual([1280, 720]);
        expect([...new Set(pixels)].sort()).toEqual([0, 255]);
      }
    });

    it.each([
      ['ball', 'a point'],
      ['truck', 'a box'],
      ['apple', 'a point and a background point'],
    ])(`found the %s by %s: IoU with the truth at least ${LEAST_IOU}`, (id) => {
      const truth = shown.maskOf(id);
      const overlaps = [...pngs.values()].map(({ pixels }) => iou(pixels, truth));
      expect(Math.max(...overlaps)).toBeGreaterThanOrEqual(LEAST_IOU);
    });

    it('saves the same masks as COCO JSON', async () => {
      const [saved] = await stage.download('COCO JSON');
      const { images, annotations } = JSON.parse(saved?.bytes.toString() ?? '');
      expect(images).toMatchObject([{ width: 1280, height: 720, seq: Number(await stage.says('seq')) }]);
      expect(annotations).toHaveLength(pngs.size);
      const pixels = [...pngs.values()].map((png) => png.pixels);
      for (const { segmentation, area } of annotations) {
        const mask = decodeRle(segmentation);
        expect(mask.reduce((sum, pixel) => sum + pixel, 0)).toBe(area);
        expect(Math.max(...pixels.map((png) => iou(png, mask)))).toBe(1);
      }
    });

    it('proposes three candidates, of which one is chosen', async () => {
      await tool('3 candidates');
      const candidates = stage.page.getByRole('radio', { name: /^Candidate/ });
      await expect.poll(() => candidates.count(), PATIENCE).toBe(3);
      const other = stage.page.getByRole('radio', { name: /^Candidate/, checked: false }).first();
      const [, score = ''] = /score (\S+)/.exec((await other.getAttribute('aria-label')) ?? '') ?? [];
      await other.check();
      await expect
        .poll(() => stage.page.getByTestId('objects').getByRole('listitem').last().innerText())
        .toContain(score);
      await tool('3 candidates');
      await expect.poll(() => candidates.count(), PATIENCE).toBe(0);
    });

    it('has no accessibility fault, with masks and lists', async () => {
      expect(await violations(stage.page)).toEqual([]);
    });
  });

  it('follows an object over the frames that come, and stops', async () => {
    await goLive();
    const tracks = stage.page.getByTestId('tracks').getByRole('listitem');
    const { objects } = await stage.hold(MUG, hasWholeBall);
    const [x1, y1, x2, y2] = objects.get('ball')?.box ?? [0, 0, 1, 1];
    await stage.page.getByLabel('Label').fill('<b>ball</b>');
    await stage.drag([x1, y1], [x2, y2]);
    await expect.poll(() => stage.masks(), PATIENCE).toBe(1);
    const seq = Number(await stage.says('seq'));
    await tool('Follow');
    await expect.poll(() => tracks.count(), PATIENCE).toBe(1);
    // A label is text, whatever it holds.
    expect(await tracks.innerText()).toContain('<b>ball</b>');
    const later = () =>
      desktop.masks().filter(({ message }) => message.source === 'track' && message.frame.seq > seq + 25);
    await expect.poll(() => later().length, PATIENCE).toBeGreaterThan(4);
    const { message, masks } = later().at(-1) as Masks;
    const [left = 0, top = 0, right = 0, bottom = 0] = masks[0]?.box ?? [];
    const jpeg = await fetch(`${demo.url}/api/cameras/demo/frame.jpg?seq=${message.frame.seq}`);
    const ball = (await shownIn(Buffer.from(await jpeg.arrayBuffer()))).objects.get('ball')?.box ?? [
      0, 0, 0, 0,
    ];
    expect((left + right) / 2).toBeGreaterThan(ball[0]);
    expect((left + right) / 2).toBeLessThan(ball[2]);
    expect((top + bottom) / 2).toBeGreaterThan(ball[1]);
    expect((top + bottom) / 2).toBeLessThan(ball[3]);
    await stage.button(/^Stop following/).click();
    await expect.poll(() => tracks.count(), PATIENCE).toBe(0);
  });

  it('finds everything, and lets a person choose among it', async () => {
    await goLive();
    await stage.page.getByLabel('How everything is found').selectOption({ label: 'Quick: few points first' });
    await stage.page.keyboard.press('Escape');
    await tool('Everything');
    const found = stage.page.getByTestId('found').getByRole('checkbox');
    await expect.poll(() => found.count(), { timeout: 45_000 }).toBeGreaterThan(3);
    await found.first().check();
    const [png] = await stage.download('Mask PNG');
    expect((await readPng(png?.bytes ?? Buffer.alloc(0))).width).toBe(1280);
    await goLive();
  });

  it('takes a point, and what follows, from the keyboard alone', async () => {
    const { page } = stage;
    await page.reload();
    await stage.picture.waitFor();
    await expect.poll(() => stage.says('seq'), PATIENCE).not.toBeNull();
    const isOnPicture = () => page.evaluate(`document.activeElement.dataset.testid === 'picture'`);
    for (let tabs = 0; tabs < 40 && !(await isOnPicture()); tabs++) await page.keyboard.press('Tab');
    expect(await isOnPicture()).toBe(true);
    // From the middle down to the apple.
    for (let step = 0; step < 6; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect.poll(() => stage.result(), PATIENCE).toContain('score');
    await page.keyboard.press('u');
    await expect.poll(() => stage.masks()).toBe(0);
    await page.keyboard.press('Escape');
    await expect.poll(() => stage.says('state')).toBe('live');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  });

  it('has no accessibility fault in the dark', async () => {
    const dark = await openConsole(browser, demo.url, { ...DESKTOP, colorScheme: 'dark' });
    await expect.poll(() => new Stage(dark).masks(), PATIENCE).toBeGreaterThan(0);
    expect(await violations(dark.page)).toEqual([]);
    expect([dark.foreign, dark.faults]).toEqual([[], []]);
    await dark.close();
  });

  it('works on a phone: taps, nothing to scroll sideways, no accessibility fault', async () => {
    const phone = await openConsole(browser, demo.url, PHONE);
    const small = new Stage(phone);
    await expect.poll(() => small.says('seq'), PATIENCE).not.toBeNull();
    expect(await sidewaysScroll(phone.page)).toBe(0);
    await small.picture.scrollIntoViewIfNeeded();
    await small.point(MUG);
    await expect.poll(() => small.result(), PATIENCE).toContain('score');
    expect(await small.says('state')).toBe('held');
    expect(await sidewaysScroll(phone.page)).toBe(0);
    expect(await violations(phone.page)).toEqual([]);
    expect([phone.foreign, phone.faults]).toEqual([[], []]);
    await phone.close();
  });

  it('says that the node is gone, and goes on by itself when it is back', async () => {
    await demo.close();
    await stage.page.getByText('Connection lost').first().waitFor();
    await expect.poll(() => stage.page.title()).toContain('Connection lost');
    demo = await serveDemo(demo.port);
    await stage.page.getByText('Connection lost').first().waitFor({ state: 'hidden', timeout: 30_000 });
    await expect.poll(() => stage.masks(), PATIENCE).toBeGreaterThan(0);
    await stage.click(MUG);
    await expect.poll(() => stage.result(), PATIENCE).toContain('score');
  });

  it('asked no other host, and no script of it failed', () => {
    expect(desktop.foreign).toEqual([]);
    expect(desktop.faults).toEqual([]);
  });
});
