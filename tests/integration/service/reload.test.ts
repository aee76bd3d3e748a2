/** `request/reload` and SIGHUP against the real service and the real broker. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { testPicture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, type TestClient } from '../mqtt/harness.js';
import { ask, BASE, configOf, directory, ready, runFile, seen, stillCamera } from './harness.js';

const picture = testPicture(64, 64);
const box = { id: 'box', box: [10, 10, 50, 50] };
type Parts = Record<string, unknown>;

/** A service whose config file a test rewrites. */
async function reloadable(url: string, parts: Parts) {
  const path = join(await directory(), 'samwire.yaml');
  const write = (next: Parts | string, at = url) =>
    writeFile(path, typeof next === 'string' ? next : JSON.stringify(configOf(at, next)));
  await write(parts);
  return { path, write, service: await runFile(path) };
}

async function reload(watcher: TestClient, transaction: string): Promise<Record<string, unknown>> {
  const before = watcher.received.length;
  await watcher.send(
    `${BASE}/request/reload`,
    { transaction },
    { properties: { responseTopic: `samwire/reply/${transaction}` } },
  );
  const { json } = await watcher.on(`samwire/reply/${transaction}`);
  await seen(watcher, `${BASE}/response/reload`, (told) => told.transaction === transaction, before);
  return json;
}

const online = (watcher: TestClient, after: number) =>
  seen(watcher, `${BASE}/state`, ({ state }) => state === 'online', after);

describe.skipIf(brokerMissing() !== null)('a reload', () => {
  afterEach(closeAll);

  it('takes the new config, in the same process, and its answer reaches who asked', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const front = await stillCamera(picture);
    const model = { threads: 1 };
    const { write, service } = await reloadable(url, { cameras: { front }, model });
    await ready(watcher, 'front');
    await ask(watcher, 'front', { prompts: [box] });

    // Refused: all faults, nothing changes.
    await write({ cameras: { front: { ...front, fps: 500 } }, model: { threads: 0 } });
    expect(await reload(watcher, 't1')).toMatchObject({
      status: 'error',
      transaction: 't1',
      error: {
        code: 'invalid_config',
        details: [{ path: 'cameras.front.fps' }, { path: 'model.threads' }],
      },
    });
    await ask(watcher, 'front', { prompts: [box] });

    // Taken.
    await write({ cameras: { front, gate: front }, model, pipeline: { queue: 7 } });
    let before = watcher.received.length;
    expect(await reload(watcher, 't2')).toEqual({
      status: 'ok',
      transaction: 't2',
      data: { changed: ['cameras.gate', 'pipeline.queue'] },
    });
    await online(watcher, before);
    await seen(watcher, `${BASE}/gate/state`, ({ state }) => state === 'streaming', before);
    await ask(watcher, 'gate', { prompts: [box] });
    const states = watcher.received.slice(before).filter(({ topic }) => topic === `${BASE}/state`);
    expect(states.map(({ json }) => json.state)).not.toContain('stopped');
    expect(states.map(({ json }) => json.state)).not.toContain('offline');

    // A model that can't be loaded: the old config is taken again, and that is said.
    await write({ cameras: { front }, model: { name: 'nowhere' } });
    before = watcher.received.length;
    expect(await reload(watcher, 't3')).toMatchObject({
      status: 'ok',
      data: { changed: expect.arrayContaining(['model.name']) },
    });
    const told = await seen(watcher, `${BASE}/errors`, ({ code }) => code === 'invalid_config', before);
    expect(told.json.message).toMatch(/^The reload was undone, the config before it serves again: .*nowhere/);
    await online(watcher, before);
    await ask(watcher, 'gate', { prompts: [box] });

    // By signal; a config file that is no YAML changes nothing either.
    await write('cameras: [');
    service.child.kill('SIGHUP');
    await seen(watcher, `${BASE}/stats`, () => service.log().includes('reload refused'));
    await write({ cameras: { front }, model });
    before = watcher.received.length;
    service.child.kill('SIGHUP');
    await online(watcher, before);
    expect((await service.stop()).code).toBe(0);
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
  });

  it('may change the node’s id and the broker: the old one is told `stopped`', async () => {
    const [first, second] = [await broker(), await broker()];
    const [there, here] = [await client(first.url), await client(second.url)];
    const { write, service } = await reloadable(first.url, { cameras: {}, model: { threads: 1 } });
    await ready(there);
    await write({ cameras: {}, model: { threads: 1 }, node: { id: 'n2' } }, second.url);
    expect(await reload(there, 't')).toMatchObject({ data: { changed: ['node.id', 'mqtt.url'] } });
    await seen(here, 'samwire/n2/state', ({ state }) => state === 'online');
    await seen(there, `${BASE}/state`, ({ state }) => state === 'stopped');
    expect((await service.stop()).code).toBe(0);
  });

  it('loses no message that comes meanwhile', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const front = await stillCamera(picture);
    const { write } = await reloadable(url, { cameras: { front }, model: { threads: 1 } });
    await ready(watcher, 'front');
    await write({ cameras: { front: { ...front, weight: 2 } }, model: { threads: 1 } });
    const replies = new Set<string>();
    watcher.client.on('message', (topic) => void replies.add(topic));
    const sent: string[] = [];
    const before = watcher.received.length;
    const send = async (): Promise<void> => {
      const id = `during-${sent.length}`;
      sent.push(`samwire/reply/${id}`);
      await watcher.send(
        `${BASE}/front/prompt`,
        { requestId: id, maxAgeMs: 60_000, prompts: [box] },
        { properties: { responseTopic: `samwire/reply/${id}` } },
      );
    };
    const asked = reload(watcher, 't');
    while (
      watcher.received
        .slice(before)
        .every(({ topic, json }) => topic !== `${BASE}/state` || json.state !== 'online')
    ) {
      await send();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await asked).toMatchObject({ status: 'ok' });
    for (const topic of sent) await watcher.on(topic);
    expect(sent.length).toBeGreaterThan(3);
  });
});
