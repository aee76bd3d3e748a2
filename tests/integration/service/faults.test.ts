import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { expectedMasks, maskIou, type TestPrompt } from '../../segment/expected.js';
import { encode, type Picture, testPicture } from '../../segment/picture.js';
import { brokerMissing, freePort } from '../broker.js';
import { broker, client, closeAll, type TestClient } from '../mqtt/harness.js';
import {
  ask,
  askInVain,
  BASE,
  configOf,
  directory,
  itemOf,
  type Masks,
  ready,
  run,
  seen,
  semanticConfig,
  stillCamera,
} from './harness.js';

const model = semanticModel('edgesam');
const picture = testPicture(160, 120);
const box: TestPrompt = { id: 'box', box: [20, 15, 110, 100] };

function expectBox(answer: Masks, of: Picture = picture): void {
  const { rle } = itemOf(answer, 'box');
  const [expected] = expectedMasks(model, of, box);
  expect(maskIou(decodeRle(rle ?? { size: [1, 1], counts: '1' }), expected?.mask ?? [])).toBeGreaterThan(
    0.999,
  );
}

/** Cameras that are given, on a broker that runs; resolves with a client that hears everything. */
async function service(cameras: Record<string, unknown>): Promise<TestClient> {
  const { url } = await broker();
  const watcher = await client(url);
  await run(configOf(url, { cameras, model: await semanticConfig(model) }));
  return watcher;
}

describe.skipIf(brokerMissing() !== null)('samwire run', () => {
  afterEach(closeAll);

  it('waits for a broker that is not there, and serves when it comes', async () => {
    const port = await freePort();
    const cameras = { front: await stillCamera(picture) };
    const { log, child } = await run(
      configOf(`mqtt://127.0.0.1:${port}`, { cameras, model: await semanticConfig(model) }),
    );
    while (!log().includes('"online"')) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(child.exitCode).toBeNull();
    const { url } = await broker({ port });
    const watcher = await client(url);
    await ready(watcher, 'front');
    expectBox(await ask(watcher, 'front', { prompts: [box] }));
  });

  it('tells what is wrong with a camera while the others stream', async () => {
    const watcher = await service({
      front: await stillCamera(picture),
      file: { source: 'file:///nowhere/clip.mp4' },
      rtsp: { source: `rtsp://viewer:secret@127.0.0.1:${await freePort()}/stream` },
      element: { source: 'gst://nosuchelement' },
      off: { source: 'test://pattern', enabled: false },
    });
    await ready(watcher, 'front');
    for (const [camera, reason] of [
      ['file', /clip\.mp4/],
      ['rtsp', /onnect|127\.0\.0\.1/],
      ['element', /nosuchelement/],
    ] as const) {
      const { payload, json } = await seen(
        watcher,
        `${BASE}/${camera}/state`,
        ({ state }) => state === 'failed',
      );
      expect(json).toMatchObject({ error: { code: 'no_frame', message: expect.stringMatching(reason) } });
      expect(payload.toString()).not.toContain('secret');
      const error = await askInVain(watcher, camera, { prompts: [box], maxAgeMs: 200 });
      expect(error).toMatchObject({ code: 'no_frame', camera });
    }
    await seen(watcher, `${BASE}/off/state`, ({ state }) => state === 'disabled');
    expect((await askInVain(watcher, 'off', { prompts: [box], maxAgeMs: 200 })).code).toBe('no_frame');
    expectBox(await ask(watcher, 'front', { prompts: [box] }));
  });

  it('opens a stream again that ended, with the next seq', async () => {
    const still = await stillCamera(picture);
    const source = still.source.replace('is-live=true', 'is-live=true num-buffers=15');
    const watcher = await service({ front: still, short: { source, historyMs: 60_000 } });
    await ready(watcher, 'front', 'short');
    const first = await ask(watcher, 'short', { prompts: [box] });
    expectBox(first);
    const ended = await seen(watcher, `${BASE}/short/state`, ({ state }) => state === 'failed');
    expect(ended.json).toMatchObject({ error: { message: expect.stringContaining('ended') } });
    const from = watcher.received.indexOf(ended);
    await seen(watcher, `${BASE}/short/state`, ({ state }) => state === 'streaming', from);
    const second = await ask(watcher, 'short', { prompts: [box] });
    expectBox(second);
    expect(second.frame.seq).toBeGreaterThan(first.frame.seq);
    expectBox(await ask(watcher, 'front', { prompts: [box] }));
  });

  it('says that a file has ended, and how to loop it', async () => {
    const path = join(await directory(), 'one.png');
    await writeFile(path, await encode(picture));
    const watcher = await service({ file: { source: `file://${path}` } });
    const { json } = await seen(watcher, `${BASE}/file/state`, ({ state }) => state === 'stalled');
    expect(json).toMatchObject({ error: { message: expect.stringContaining('?loop=1') } });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online');
    const error = await askInVain(watcher, 'file', { prompts: [box], maxAgeMs: 200 });
    expect(error).toMatchObject({ code: 'no_frame', message: expect.stringContaining('has ended') });
  });

  it('answers with the size of each frame when a stream changes its size', async () => {
    const sizes = [testPicture(160, 120), testPicture(201, 133)];
    const dir = join(await directory(), 'frames');
    await mkdir(dir);
    for (const [i, each] of sizes.entries()) {
      await writeFile(join(dir, `${i}.png`), await encode(each));
      for (let k = 0; k < 15; k++)
        await link(join(dir, `${i}.png`), join(dir, `frame-${String(15 * i + k).padStart(3, '0')}.png`));
    }
    const files = `location=${dir}/frame-%03d.png stop-index=29 loop=true caps=image/png,framerate=10/1`;
    const source = `gst://multifilesrc ${files} ! pngdec ! identity sync=true`;
    const watcher = await service({ changing: { source, historyMs: 60_000 } });
    await ready(watcher, 'changing');
    const widths: number[] = [];
    // Small, large and small again, or the other way round.
    while (widths.length < 3) {
      const answer = await ask(watcher, 'changing', { prompts: [box] });
      const shown = sizes.find(({ width }) => width === answer.frame.width);
      if (!shown) throw new Error(`a frame of ${answer.frame.width} pixels`);
      expectBox(answer, shown);
      if (widths.at(-1) !== shown.width) widths.push(shown.width);
      await seen(watcher, `${BASE}/changing/state`, ({ width }) => width === shown.width);
    }
    // A frame of before the change is still what it was.
    const before = watcher.received.find(({ topic }) => topic === `${BASE}/changing/masks`);
    const frame = before?.json.frame as { readonly seq: number; readonly width: number };
    const again = await ask(watcher, 'changing', { frame: { seq: frame.seq }, prompts: [box] });
    expect(again.frame.width).toBe(frame.width);
    expectBox(again, sizes.find(({ width }) => width === frame.width) as Picture);
  });

  it('restarts a camera by request', async () => {
    const watcher = await service({ front: await stillCamera(picture) });
    await ready(watcher, 'front');
    const from = watcher.received.length;
    await watcher.send(`${BASE}/request/restart-camera`, { transaction: 't', camera: 'front' });
    const done = await watcher.on(`${BASE}/response/restart-camera`);
    expect(done.json).toMatchObject({ status: 'ok', transaction: 't' });
    const again = await seen(watcher, `${BASE}/front/state`, ({ state }) => state === 'connecting', from);
    await seen(
      watcher,
      `${BASE}/front/state`,
      ({ state }) => state === 'streaming',
      watcher.received.indexOf(again),
    );
    expectBox(await ask(watcher, 'front', { prompts: [box] }));
  });
});
