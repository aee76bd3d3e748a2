import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../integration/mqtt/harness.js';
import { answerTo, BASE, ready, seen, send, stillCamera } from '../integration/service/harness.js';
import { doublePackage, NO_DOUBLE } from '../native/double-package.js';
import { testPicture } from '../segment/picture.js';
import {
  childrenOf,
  finish,
  isWhole,
  MAX_PROMPTS,
  type Place,
  type Program,
  place,
  start,
} from './double.js';

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

/** A place whose config demands TensorRT. */
async function demanding(url: string): Promise<Place> {
  const { dir } = await place();
  const model = { name: 'tiny', paths: [join(dir, 'models')], cache: join(dir, 'cache'), threads: 1 };
  return place({
    more: { mqtt: { url }, model: { ...model, maxPrompts: MAX_PROMPTS, backend: 'tensorrt' } },
  });
}

const run = ({ config }: Place, env: Record<string, string> = {}) =>
  start(root, ['run', '--config', config], env);

const logOf = (service: Program): string => service.stdout() + service.stderr();

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
    expect(logOf(service)).toContain('NO TENSORRT ENGINES');
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
  });

  it('tries again where the config demands TensorRT and a build ends for lack of memory', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const { config } = await demanding(url);
    const service = start(root, ['run', '--config', config], { SAMWIRE_DOUBLE_BUILD_MS: '2000' });
    await seen(watcher, `${BASE}/state`, ({ state }) => state === 'building');
    await waitFor(() => childrenOf(root).length > 0, 'a builder');
    // As the kernel does.
    for (const pid of childrenOf(root)) process.kill(pid, 'SIGKILL');
    await waitFor(() => logOf(service).includes('trying again'), 'the reason in the log');
    expect(logOf(service)).toMatch(/lack of memory.*"againInS":10/);
    const { json } = await seen(watcher, `${BASE}/state`, ({ state }) => state === 'online');
    expect(json).toMatchObject({ backend: 'tensorrt' });
    const told = new Set(states(watcher).map(({ state }) => state));
    expect([...told]).toEqual(['starting', 'building', 'online']);
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
  });

  it('waits for the next try no longer than until it is stopped', async () => {
    const { url } = await broker();
    const { config } = await demanding(url);
    const env = { SAMWIRE_DOUBLE_FAIL: 'buildSerializedNetwork:1' };
    const service = start(root, ['run', '--config', config], env);
    await waitFor(() => logOf(service).includes('trying again'), 'the reason in the log');
    expect(logOf(service)).toContain('No TensorRT engines of tiny passed');
    const stoppedAt = performance.now();
    service.child.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(STOP_MS);
  });

  it('and a config that demands TensorRT ends with 78 where a person must mend, as systemd does not start it again', async () => {
    const { url } = await broker();
    const { config } = await demanding(url);
    const args = ['run', '--config', config];
    const refused = await finish(root, args, { SAMWIRE_DOUBLE_WRONG: 'all' });
    expect(refused.code).toBe(78);
    expect(refused.stderr).toContain('No TensorRT engines of tiny passed');
    const without = await finish(root, args, { SAMWIRE_DOUBLE_DEVICE: 'none' });
    expect(without.code).toBe(78);
    expect(without.stderr).toMatch(/GPU|device/i);
  });
});
