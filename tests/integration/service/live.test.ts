import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../../graphs/semantics.js';
import { type HttpService, serveHttp } from '../../http/harness.js';
import { openPage, type TestPage } from '../../http/live/page.js';
import { testPicture } from '../../segment/picture.js';
import { broker, client, closeAll, waitFor } from '../mqtt/harness.js';
import { ask, BASE, configOf, ready, seen, semanticConfig, serviceMissing, stillCamera } from './harness.js';

const HISTORY_MS = 500;
const prompts = [{ id: 'box', box: [20, 15, 110, 100] }];

async function prompt(
  service: HttpService,
  frame: unknown,
): Promise<{ status: number; seq?: number; code?: string }> {
  const answer = await service.post('/api/cameras/front/prompt', { frame, prompts, maxAgeMs: 30_000 });
  const { frame: found, code } = (await answer.json()) as { frame?: { seq: number }; code?: string };
  return { status: answer.status, ...(found && { seq: found.seq }), ...(code && { code }) };
}

/** The places of a frame and of its masks among all that the page was told. */
function order(page: TestPage, seq: number): { readonly frame: number; readonly masks: number } {
  return {
    frame: page.told.findIndex((each) => 'header' in each && each.header.seq === seq),
    masks: page.told.findIndex(
      (each) => 'type' in each && each.type === 'masks' && each.message.frame.seq === seq,
    ),
  };
}

describe.skipIf(serviceMissing() !== null)('a console page of the whole service', () => {
  afterEach(closeAll);

  it('holds what it sees for prompts, sees the masks of others on their frames, and is told of the end', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const config = configOf(url, {
      cameras: { front: { ...(await stillCamera(testPicture(160, 120), 30)), historyMs: HISTORY_MS } },
      model: await semanticConfig(semanticModel('nanosam')),
      pipeline: { maxAgeMs: 30_000 },
    });
    const service = await serveHttp(config);
    await ready(watcher, 'front');
    const page = await openPage(service.url);
    expect(await page.hello()).toMatchObject({ node: 'n1', cameras: ['front'] });
    page.watch('front', { maxFps: 5 });
    await page.nextFrames(2);

    const seq = page.frames.at(-1)?.header.seq ?? 0;
    page.say({ type: 'hold', camera: 'front', seq });
    await waitFor(() => page.held.length === 1, 'held');
    expect(page.held[0]?.problem).toBeUndefined();
    await waitFor(() => (page.frames.at(-1)?.header.seq ?? 0) > seq + 40, 'the history to go on');
    expect(await prompt(service, { seq })).toEqual({ status: 200, seq });
    await waitFor(
      () => page.masks.some(({ message }) => message.frame.seq === seq),
      'the masks of the held frame',
    );
    page.say({ type: 'release', camera: 'front' });
    page.say({ type: 'watch', cameras: [] });
    await seen(watcher, `${BASE}/stats`, ({ framesInUse }) => framesInUse === 1, watcher.received.length);
    page.watch('front', { maxFps: 5 });
    await page.nextFrames(1);
    await prompt(service, 'latest');
    expect(await prompt(service, { seq })).toEqual({ status: 410, code: 'frame_evicted' });

    // A client over MQTT: from its second answer on, pictures come as late as masks.
    const fits = (seq: number): boolean => {
      const { frame, masks } = order(page, seq);
      return masks >= 0 && frame >= 0;
    };
    const asked: number[] = [];
    for (let i = 0; i < 20 && !asked.some(fits); i++) {
      asked.push((await ask(watcher, 'front', { prompts })).frame.seq);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    expect(asked.some(fits)).toBe(true);
    const seqs = page.frames.map(({ header }) => header.seq);
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));

    await waitFor(() => page.statuses.some(({ answers }) => answers > 0), 'a status with answers');
    expect(page.statuses.at(-1)).toMatchObject({
      node: { state: 'online', backend: 'onnx' },
      broker: { connected: true },
      cameras: { front: { state: 'streaming' } },
      rssBytes: expect.any(Number),
    });
    expect(page.told).toContainEqual({
      type: 'error',
      error: expect.objectContaining({ source: 'message', code: 'frame_evicted' }),
    });

    const { code, ms } = await service.process.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(8000);
    expect(await page.end()).toEqual({ code: 1001, reason: 'The node is stopping.' });
  });
});
