import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BUNDLED_MODELS } from '../../../src/models/catalogue.js';
import { nanosamManifest, writeModelDirectory } from '../../graphs/model-dir.js';
import { nanosamDecoder, nanosamEncoder } from '../../graphs/nanosam-shaped.js';
import { semanticModel } from '../../graphs/semantics.js';
import { testPicture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, waitFor } from '../mqtt/harness.js';
import {
  answerTo,
  ask,
  BASE,
  configOf,
  directory,
  ready,
  run,
  seen,
  semanticConfig,
  send,
  stillCamera,
} from './harness.js';

/** The 4 s after which the service ends in any case, and what a busy machine adds. */
const STOP_MS = 5000;

const picture = testPicture(160, 120);
const box = { id: 'box', box: [20, 15, 110, 100] };
const cameras = async () => ({ front: await stillCamera(picture) });

/** A network of NanoSAM's size: seconds of work on a small CPU. */
async function slowModel(): Promise<Record<string, unknown>> {
  const dir = await directory();
  writeModelDirectory({
    dir,
    name: 'slow',
    encoder: nanosamEncoder(),
    decoder: nanosamDecoder({ batch: 1 }),
    ...nanosamManifest(1024),
  });
  return { name: 'slow', backend: 'onnx', paths: [dir], threads: 1, maxPrompts: 256 };
}

describe.skipIf(brokerMissing() !== null)('SIGTERM', () => {
  afterEach(closeAll);

  it('ends an idle service with 0, stopped and without its last will', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(
      configOf(url, { cameras: await cameras(), model: await semanticConfig(semanticModel('sam')) }),
    );
    await ready(watcher, 'front');
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
    expect(watcher.received.filter(({ json }) => json.state === 'offline')).toEqual([]);
  });

  it('lets the prompt that is being answered have its answer', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(configOf(url, { cameras: await cameras(), model: { threads: 1 } }));
    await ready(watcher, 'front');
    await ask(watcher, 'front', { prompts: [box] });
    const sent = await send(watcher, 'front', { prompts: [box] });
    await waitFor(
      () => watcher.received.some(({ topic, json }) => topic.endsWith('/prompt') && json.requestId === sent),
      'the prompt on its way',
    );
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
    const answer = await answerTo(watcher, sent);
    if ('code' in answer) expect(answer.code).toBe('overloaded');
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });

  it('refuses what waits, and what would take too long, and ends within 5 s all the same', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(configOf(url, { cameras: await cameras(), model: await slowModel() }));
    await ready(watcher, 'front');
    // 256 prompts one by one: longer than any grace.
    const prompts = Array.from({ length: 256 }, (_, i) => ({ ...box, id: `p${i}` }));
    const running = await send(watcher, 'front', { prompts });
    const waiting = await send(watcher, 'front', { prompts: [box] });
    await waitFor(() => {
      const stats = watcher.received.findLast(({ topic }) => topic === `${BASE}/stats`);
      return stats?.json.queue === 1;
    }, 'one prompt at work and one that waits');
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
    for (const request of [running, waiting])
      expect(await answerTo(watcher, request)).toMatchObject({ code: 'overloaded' });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });

  it('while the model loads ends with 0 within 5 s, stopped', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(configOf(url, { cameras: await cameras(), model: await slowModel() }));
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'starting');
    const sent = await send(watcher, 'front', { prompts: [box] });
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
    expect(watcher.received.filter(({ json }) => json.state === 'online')).toEqual([]);
    // A prompt that came before the stop has its refusal; one that came after is the next start's.
    for (const { json } of watcher.received.filter(({ topic }) => topic === `samwire/reply/${sent}`))
      expect(json.code).toBe('overloaded');
  });

  it.each([100, 200, 300, 400])('is no crash %i ms into loading the model', async (ms) => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(configOf(url, { cameras: {}, model: await slowModel() }));
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'starting');
    await new Promise((resolve) => setTimeout(resolve, ms));
    expect((await service.stop()).code).toBe(0);
  });

  it('works as SIGINT does', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const service = await run(configOf(url, { cameras: {}, model: { threads: 1 } }));
    await ready(watcher);
    expect((await service.stop('SIGINT')).code).toBe(0);
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });
});

describe.skipIf(brokerMissing() !== null)('a model that can’t be loaded', () => {
  afterEach(closeAll);

  it('ends the service with 78, stopped, and the file named', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const dir = join(await directory(), 'cut');
    await mkdir(dir);
    const bundled = join(BUNDLED_MODELS, 'samwire-tiny');
    const manifest = JSON.parse(await readFile(join(bundled, 'manifest.json'), 'utf8'));
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, name: 'cut' }));
    await copyFile(join(bundled, 'decoder.onnx'), join(dir, 'decoder.onnx'));
    const encoder = await readFile(join(bundled, 'encoder.onnx'));
    await writeFile(join(dir, 'encoder.onnx'), encoder.subarray(0, encoder.length / 2));
    const model = { name: 'cut', paths: [dir] };
    const config = configOf(url, { cameras: await cameras(), model });
    const service = await run(config, { endsByItself: true });
    expect(await service.ended).toBe(78);
    expect(service.log()).toContain(join(dir, 'encoder.onnx'));
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });
});
