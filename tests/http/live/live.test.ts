import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, waitFor } from '../../integration/mqtt/harness.js';
import { masksMessage } from '../../mqtt/service.js';
import { openPage } from './page.js';
import { addon, site } from './site.js';

afterEach(async () => {
  await closeAll();
  expect(addon.framesInUse()).toBe(0);
});

const prompt = { requestId: 'r', prompts: [{ id: 'a', box: [1, 1, 9, 9] }] } as unknown as Parameters<
  typeof masksMessage
>[1];

describe('a console page', () => {
  it('is told the node, and every second how it is', async () => {
    const { url, view } = await site();
    view.errors.add({ source: 'broker', message: 'old' });
    const page = await openPage(url);
    expect(await page.hello()).toMatchObject({
      node: 'n1',
      cameras: ['front'],
      limits: { maxPrompts: 64, maxPoints: 64, held: 1 },
      errors: [{ message: 'old' }],
    });
    view.announceMasks('front', masksMessage('front', prompt));
    view.errors.add({ source: 'camera', camera: 'front', message: 'new' });
    await waitFor(() => page.statuses.length >= 2, 'two statuses');
    expect(page.statuses[0]).toMatchObject({
      node: { state: 'online' },
      broker: { connected: true },
      cameras: { front: { state: 'streaming', width: 320 } },
      answers: 1,
      stages: { queueMs: { p50: 2, p95: 2, p99: 2 } },
    });
    expect(page.statuses[1]).toMatchObject({ answers: 0, stages: { queueMs: null } });
    expect(page.told).toContainEqual({ type: 'error', error: expect.objectContaining({ message: 'new' }) });
  });

  it('sees the frames of the cameras that it watches, as large as it wants them, and the masks', async () => {
    const { url, view } = await site({ width: 640, height: 360 });
    const page = await openPage(url);
    page.watch('front', { maxWidth: 300 });
    await page.nextFrames(5);
    const seqs = page.frames.map(({ header }) => header.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    for (const { header, jpeg } of page.frames) {
      expect(header).toMatchObject({ camera: 'front', width: 640, height: 360 });
      expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 320, height: 180 });
    }
    view.announceMasks('front', masksMessage('front', prompt));
    await waitFor(() => page.masks.length === 1, 'masks');
    expect(page.masks[0]).toMatchObject({ camera: 'front', masks: [{ id: 'a', rle: { size: [48, 64] } }] });
    expect(page.masks[0]?.message).not.toHaveProperty('masks');
    page.say({ type: 'watch', cameras: [] });
    await waitFor(() => addon.framesInUse() === 0, 'no frame in use');
  });

  it('is sent two frames and no more until it has seen one', async () => {
    const { url, camera } = await site();
    const page = await openPage(url, { seeing: false });
    page.watch('front');
    await page.nextFrames(2);
    const { frames } = camera.stats();
    await waitFor(() => camera.stats().frames >= frames + 10, 'ten more frames of the camera');
    expect(page.frames).toHaveLength(2);
    page.look(true);
    await page.nextFrames(5);
    expect(page.frames[2]?.header.seq).toBeGreaterThan((page.frames[1]?.header.seq ?? 0) + 8);
  });

  it('holds a frame for prompts until it lets it go', async () => {
    const { url, camera } = await site();
    const page = await openPage(url);
    page.watch('front');
    await page.nextFrames(1);
    const seq = page.frames[0]?.header.seq ?? 0;
    page.say({ type: 'hold', camera: 'front', seq });
    await waitFor(() => page.held.length === 1, 'held');
    expect(page.held[0]).toEqual({ type: 'held', camera: 'front', seq });
    page.say({ type: 'watch', cameras: [] });
    await waitFor(() => camera.stats().frames > seq + 45, 'the history to go on');
    const frame = camera.acquire({ seq });
    expect(frame?.seq).toBe(seq);
    addon.releaseFrame(frame?.id ?? 0);
    page.say({ type: 'hold', camera: 'front', seq: 1_000_000 });
    await waitFor(() => page.held.length === 2, 'held');
    expect(page.held[1]?.problem).toMatch(/1000000 .*not held any more/);
    expect(camera.acquire({ seq })).toBeNull();
  });

  it('sees on when its camera is opened anew, and keeps the frame that it holds', async () => {
    const { url, camera } = await site();
    const page = await openPage(url);
    page.watch('front');
    await page.nextFrames(1);
    const seq = page.frames[0]?.header.seq ?? 0;
    page.say({ type: 'hold', camera: 'front', seq });
    await waitFor(() => page.held.length === 1, 'held');
    await camera.restart();
    await page.nextFrames(5);
    expect(page.frames.at(-1)?.header.seq).toBeGreaterThan(seq);
    const frame = camera.acquire({ seq });
    expect(frame).not.toBeNull();
    addon.releaseFrame(frame?.id ?? 0);
    expect(page.closed).toBeNull();
  });
});
