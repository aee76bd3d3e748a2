import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../integration/mqtt/harness.js';
import { answerTo, BASE, ready, seen, send, stillCamera } from '../integration/service/harness.js';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';
import { testPicture } from '../segment/picture.js';
import { childrenOf, finish, isWhole, type Place, place, start } from './double.js';

const missing = NO_DOUBLE ?? brokerMissing() ?? undefined;
if (missing !== undefined) process.stderr.write(`Skipped: ${missing}\n`);

/** The 4.5 s after which the service ends in any case, and what a busy machine adds. */
const STOP_MS = 6000;
const box = { id: 'box', box: [20, 15, 110, 100] };

let root = '';

async function placeOn(url: string): Promise<Place> {
  const cameras = { front: await stillCamera(testPicture(160, 120)) };
  return place({ more: { mqtt: { url }, cameras, stats: { intervalMs: 250 } } });
}

const run = ({ config }: Place, env: Record<string, string> = {}) =>
  start(root, ['run', '--config', config], env);

const states = (watcher: TestClient): Record<string, unknown>[] =>
  watcher.received.filter(({ topic }) => topic === `${BASE}/state`).map(({ json }) => json);

describe.skipIf(missing !== undefined)('samwire run with TensorRT and no engines yet', () => {
  beforeAll(() => {
    root = doublePackage({ keep: true });
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  afterEach(closeAll);

  it('tells how it builds them, answers prompts meanwhile, serves by them, and the next time at once', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const where = await placeOn(url);
    const service = run(where, { SAMWIRE_DOUBLE_BUILD_MS: '3000' });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'building');
    await seen(watcher, `${BASE}/front/state`, ({ state }) => state === 'streaming');
    const early = await answerTo(watcher, await send(watcher, 'front', { prompts: [box] }));
    expect(early).toMatchObject({ code: 'overloaded' });
    await ready(watcher, 'front');
    const told = states(watcher);
    expect([...new Set(told.map(({ state }) => state))]).toEqual(['starting', 'building', 'online']);
    const building = told.filter(({ state }) => state === 'building');
    expect(building[0]).toMatchObject({ backend: 'tensorrt', model: 'tiny' });
    const progress = building.map((state) => Number(state.progress));
    expect(progress).toEqual([...new Set(progress)].sort((a, b) => a - b));
    expect(progress.length).toBeGreaterThan(5);
    expect(progress.at(-1)).toBeLessThanOrEqual(1);
    expect(told.at(-1)).toMatchObject({ state: 'online', backend: 'tensorrt', model: 'tiny' });
    const answer = await answerTo(watcher, await send(watcher, 'front', { prompts: [box] }));
    expect(answer).toMatchObject({ backend: 'tensorrt', masks: [{ id: 'box' }] });
    expect(isWhole(where)).toBe(true);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);

    const before = watcher.received.length;
    const again = run(where, { SAMWIRE_DOUBLE_BUILD_MS: '60000' });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online', before);
    expect(states(watcher).filter(({ state }) => state === 'building')).toHaveLength(building.length);
    again.child.kill('SIGTERM');
    expect(await again.ended).toBe(0);
  });

  it('that is stopped while it builds ends with 0 within 5 s, stopped, and leaves nothing', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const where = await placeOn(url);
    const service = run(where, { SAMWIRE_DOUBLE_BUILD_MS: '60000' });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'building');
    const graphs = () => readdirSync(where.folder).flatMap((name) => readdirSync(join(where.folder, name)));
    await waitFor(() => graphs().includes('decoder-fp32.onnx') && childrenOf(root).length > 0, 'a builder');
    const startedAt = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(STOP_MS);
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'stopped');
    expect(childrenOf(root)).toEqual([]);
    expect(readdirSync(where.folder)).toEqual([]);
  });

  it('falls back to the onnx backend where no engines can be had, and says so', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const where = await placeOn(url);
    const service = run(where, { SAMWIRE_DOUBLE_FAIL: 'buildSerializedNetwork:1' });
    const { json } = await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online');
    expect(json).toMatchObject({ backend: 'onnx', model: 'tiny' });
    expect(service.stdout() + service.stderr()).toContain('NO TENSORRT ENGINES');
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
  });

  it('and a config that demands TensorRT ends with 78, which systemd does not start again', async () => {
    const { url } = await broker();
    const more = { mqtt: { url } };
    const where = await place({ more });
    const model = { name: 'tiny', paths: [join(where.dir, 'models')], cache: join(where.dir, 'cache') };
    const demanding = await place({ more: { ...more, model: { ...model, backend: 'tensorrt' } } });
    const args = ['run', '--config', demanding.config];
    const refused = await finish(root, args, { SAMWIRE_DOUBLE_FAIL: 'buildSerializedNetwork:1' });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('No TensorRT engines of tiny passed');
    const without = await finish(root, args, { SAMWIRE_DOUBLE_DEVICE: 'none' });
    expect(without.code).toBe(78);
    expect(without.stderr).toMatch(/GPU|device/i);
  });
});
