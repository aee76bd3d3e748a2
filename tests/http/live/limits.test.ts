import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ClientMessage } from '../../../src/http/live/protocol.js';
import { closeAll, owe, waitFor } from '../../integration/mqtt/harness.js';
import { masksMessage } from '../../mqtt/service.js';
import { openPage } from './page.js';
import { addon, site } from './site.js';
import { stalledPage } from './stalled.js';

afterEach(async () => {
  await closeAll();
  expect(addon.framesInUse()).toBe(0);
});

const FRONT = { camera: 'front' };
const WATCH: ClientMessage = { type: 'watch', cameras: [{ name: 'front', maxWidth: 1920, maxFps: 30 }] };
const bad: readonly (readonly [what: unknown, code: number, reason: RegExp])[] = [
  ['{', 1008, /Expected JSON/],
  ['[]', 1008, /Expected a JSON object, got \[\]/],
  ['{}', 1008, /Expected one of watch, seen, hold, release at type, got nothing/],
  [{ type: 'format' }, 1008, /one of watch, seen, hold, release at type, got "format"/],
  [{ type: 'watch' }, 1008, /array of cameras at cameras/],
  [{ type: 'watch', cameras: [{ name: 'front', maxWidth: 0, maxFps: 30 }] }, 1008, /width of 1 to/],
  [{ type: 'watch', cameras: [{ name: 'front', maxWidth: 9, maxFps: 1e9 }] }, 1008, /a rate of/],
  [{ type: 'watch', cameras: [{ name: 'nope', maxWidth: 9, maxFps: 9 }] }, 1008, /hello message, got "nope"/],
  [{ type: 'hold', camera: '__proto__', seq: 1 }, 1008, /hello message, got "__proto__"/],
  [{ type: 'hold', ...FRONT, seq: -1 }, 1008, /a frame number of 0 or more at seq, got -1/],
  [{ type: 'seen', ...FRONT }, 1008, /a frame number .* got nothing/],
  [{ type: 'seen', camera: 'a'.repeat(20_000), seq: 1 }, 1009, /at most 16384 bytes, got 20/],
  [Buffer.from([1, 2, 3]), 1003, /Expected text messages of JSON, got a binary one/],
  ['x'.repeat(70_000), 1009, /^$/],
];

/** Destroyed at the end of the test. */
async function stalled(url: string, ...messages: readonly ClientMessage[]): Promise<Socket> {
  const socket = await stalledPage(url, ...messages);
  owe(async () => socket.destroy());
  return socket;
}

describe('a page that breaks the rules', () => {
  it('is told what was expected and closed, and the others see on', async () => {
    const place = await site();
    const good = await openPage(place.url);
    good.watch('front');
    for (const [what, code, reason] of bad) {
      const page = await openPage(place.url);
      page.socket.send(typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what));
      const ended = await page.end();
      expect(ended, String(what).slice(0, 60)).toEqual({ code, reason: expect.stringMatching(reason) });
    }
    await good.nextFrames(3);
    expect(good.closed).toBeNull();
  });

  it('is cut off where its bytes are no WebSocket frames', async () => {
    const { url } = await site();
    const good = await openPage(url);
    const broken = await stalled(url);
    broken.write(Buffer.alloc(100, 0xff));
    broken.resume();
    await new Promise((resolve) => broken.once('close', resolve));
    good.watch('front');
    await good.nextFrames(1);
  });

  it('may say 50 things a second, and `seen` of each frame', async () => {
    const { url } = await site();
    const page = await openPage(url);
    page.watch('front');
    // More than 50 frames' worth of `seen` beside 40 other messages.
    for (let i = 0; i < 40; i++) page.say({ type: 'release', camera: 'front' });
    await page.nextFrames(20);
    expect(page.closed).toBeNull();
    for (let i = 0; i < 100; i++) page.say({ type: 'seen', camera: 'front', seq: 1_000_000 });
    expect(await page.end()).toEqual({ code: 1008, reason: 'Expected at most 50 messages a second.' });
  });

  it('is told why when sixteen others are there, and may come when one has gone', async () => {
    const { url } = await site();
    const pages = await Promise.all(Array.from({ length: 16 }, () => openPage(url)));
    await Promise.all(pages.map((page) => page.hello()));
    const late = await openPage(url);
    expect(await late.end()).toEqual({ code: 1013, reason: expect.stringContaining('at most 16 pages') });
    expect(late.told).toEqual([]);
    pages[0]?.socket.close();
    await pages[0]?.end();
    await (await openPage(url)).hello();
  });

  it('gets an error like any other path where it asks without a WebSocket', async () => {
    const { url } = await site();
    const answer = await fetch(`${url}/api/live`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ code: 'unknown_request', message: expect.any(String) });
  });
});

describe('a page that reads nothing', () => {
  it('costs the camera and the other pages nothing, and no more than two frames of memory', async () => {
    const place = await site({ width: 1280, height: 720 });
    const { camera, url, view, app } = place;
    const good = await openPage(url);
    good.watch('front', { maxWidth: 320 });
    await good.nextFrames(2);
    const page = await stalled(url, WATCH);
    await waitFor(() => app.websocketServer.clients.size === 2, 'both pages');
    const before = { frames: camera.stats().frames, seen: good.frames.length, at: performance.now() };
    let buffered = 0;
    let held = 0;
    // Masks of a hundred kilobytes, as of a segmented scene, for each of its frames.
    const masks = masksMessage(
      'front',
      { prompts: [{ id: 'a' }], requestId: 'r' } as never,
      'x'.repeat(100_000),
    );
    for (let i = 0; i < 40; i++) {
      view.announceMasks('front', masks);
      await good.nextFrames(1);
      for (const socket of app.websocketServer.clients) buffered = Math.max(buffered, socket.bufferedAmount);
      held = Math.max(held, addon.framesInUse());
    }
    const seconds = (performance.now() - before.at) / 1000;
    const { frames, longestGapMs } = camera.stats();
    console.log(
      `stalled page: ${((frames - before.frames) / seconds).toFixed(1)} frames a second of the camera, ` +
        `${((good.frames.length - before.seen) / seconds).toFixed(1)} of the good page, ` +
        `longest gap ${longestGapMs} ms, at most ${buffered} bytes buffered, ${held} frames held`,
    );
    expect(buffered).toBeLessThan(1.5 * 1024 * 1024);
    // Five of the good page, two of the stalled one, the newest, and two in work.
    expect(held).toBeLessThanOrEqual(10);
    expect(frames - before.frames).toBeGreaterThanOrEqual(38);
    page.destroy();
    await waitFor(() => app.websocketServer.clients.size === 1, 'the end of the stalled page');
  });

  it('does not hold up the end of the service, and the others are told of it', async () => {
    const place = await site();
    const good = await openPage(place.url);
    good.watch('front');
    await good.nextFrames(1);
    const seq = good.frames[0]?.header.seq ?? 0;
    await stalled(place.url, WATCH, { type: 'hold', camera: 'front', seq });
    const startedAt = performance.now();
    await place.app.close();
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(await good.end()).toEqual({ code: 1001, reason: 'The node is stopping.' });
    expect(addon.framesInUse()).toBe(0);
  });
});
