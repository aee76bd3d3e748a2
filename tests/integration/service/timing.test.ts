/** The timing block against who stands outside: from a frame's capture until its masks arrive at a subscriber, by one clock. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../mqtt/harness.js';
import { ask, BASE, configOf, type Masks, ready, run, send, serviceMissing } from './harness.js';

/** Milliseconds that the way over the broker may take beside the service's own time, and beside what a busy machine takes. */
const TRANSIT_MS = 6;
/** The way of masks is longer than that of a probe: the service publishes several at once. */
const PROBES = 4;
const PROBE_TOPIC = 'timing-test/probe';
const SHARE = 0.05;
const PROMPTS = [{ id: 'bar', box: [46, 0, 91, 160] }];

interface Seen {
  readonly masks: Masks;
  readonly observedMs: number;
  /** What a message of this test takes to the broker and back, sent at once: how busy the machine is. */
  probeMs?: number;
}

/** Every masks message that a subscriber hears, with the time since its frame was captured. */
class Observer {
  readonly seen: Seen[] = [];

  constructor(watcher: TestClient) {
    watcher.client.subscribe(PROBE_TOPIC);
    watcher.client.on('message', (topic, payload) => {
      const nowMs = performance.timeOrigin + performance.now();
      if (topic === PROBE_TOPIC) {
        const [index = 0, sentMs = 0] = JSON.parse(payload.toString()) as number[];
        const probed = this.seen[index];
        if (probed) probed.probeMs = nowMs - sentMs;
        return;
      }
      if (payload[0] !== 0x7b) return;
      const message = JSON.parse(payload.toString()) as { readonly data?: unknown };
      const masks = (message.data ?? message) as Masks;
      if (!masks.timing) return;
      this.seen.push({ masks, observedMs: nowMs - masks.frame.timestamp });
      const sentMs = performance.timeOrigin + performance.now();
      watcher.client.publish(PROBE_TOPIC, JSON.stringify([this.seen.length - 1, sentMs]));
    });
  }

  /** Those of a source, once so many have come since `from`. */
  async of(source: Masks['source'], count: number, from = 0): Promise<Seen[]> {
    const found = (): Seen[] => this.seen.slice(from).filter(({ masks }) => masks.source === source);
    const probed = (): boolean => found().every(({ probeMs }) => probeMs !== undefined);
    await waitFor(() => found().length >= count && probed(), `${count} messages of ${source}`);
    return found();
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const STAGES = ['ageMs', 'queueMs', 'prepareMs', 'encodeMs', 'decodeMs', 'maskMs', 'publishMs'] as const;

/** What the messages tell is what passed: each sums up, and by the median nothing is missing and nothing is there twice. */
function expectWhole(seen: readonly Seen[]): void {
  const missing = seen.map(({ masks, observedMs }) => observedMs - masks.timing.captureToPublishMs);
  const own = median(seen.map(({ masks: { timing } }) => timing.captureToPublishMs - timing.ageMs));
  for (const { masks } of seen) {
    const { captureToPublishMs } = masks.timing;
    const sum = STAGES.reduce((total, stage) => total + masks.timing[stage], 0);
    expect(Math.abs(sum - captureToPublishMs)).toBeLessThanOrEqual(SHARE * captureToPublishMs);
  }
  expect(median(missing)).toBeGreaterThan(-1);
  const probe = median(seen.map(({ probeMs = 0 }) => probeMs));
  expect(median(missing)).toBeLessThan(SHARE * own + TRANSIT_MS + PROBES * probe);
}

describe.skipIf(serviceMissing() !== null)('the timing block', () => {
  let observer: Observer;
  let watcher: TestClient;

  beforeAll(async () => {
    const { url } = await broker();
    watcher = await client(url);
    observer = new Observer(watcher);
    const pattern = { source: 'test://pattern', width: 320, height: 240, fps: 10 };
    const camera = { ...pattern, historyMs: 20_000 };
    const cameras = { front: camera, other: { ...camera, detections: { track: false } } };
    // Nothing is late, however busy the machine is.
    const pipeline = { maxAgeMs: 60_000 };
    await run(configOf(url, { cameras, pipeline, jobs: { enabled: true } }));
    await ready(watcher, 'front', 'other');
  });
  afterAll(closeAll);

  /** Sends prompts one after the other; the frames are those of `frameOf`. */
  async function prompts(count: number, message: object = {}): Promise<Seen[]> {
    const from = observer.seen.length;
    for (let i = 0; i < count; i += 1)
      await ask(watcher, 'front', { prompts: PROMPTS, encodings: [], ...message });
    const answers = await observer.of('prompt', 2 * count, from);
    return answers;
  }

  it('is whole for prompts on the newest frame', async () => {
    expectWhole(await prompts(8));
  });

  it('is whole for prompts on an older frame, and on one whose embedding is there', async () => {
    const { frame: newest } = await ask(watcher, 'front', { prompts: PROMPTS });
    const older = Array.from({ length: 4 }, (_, i) => newest.seq - 1 - i);
    const encoded: Seen[] = [];
    for (const seq of older) encoded.push(...(await prompts(1, { frame: { seq } })));
    expectWhole(encoded);
    const seq = newest.seq - 1;
    const reused = await prompts(8, { frame: { seq } });
    expect(reused.every(({ masks }) => masks.timing.embeddingReused)).toBe(true);
    expectWhole(reused);
  });

  it('is whole for each of the prompts that join one run', async () => {
    const from = observer.seen.length;
    const asked = Array.from({ length: 10 }, () =>
      send(watcher, 'front', { prompts: PROMPTS, encodings: [] }),
    );
    await Promise.all(asked);
    const answers = await observer.of('prompt', 20, from);
    const runs = new Set(
      answers.map(({ masks }) => JSON.stringify([masks.frame.seq, masks.timing.decodeMs])),
    );
    expect(runs.size).toBeLessThan(10);
    expectWhole(answers);
  });

  it('is whole for detections', async () => {
    const from = observer.seen.length;
    for (let i = 0; i < 6; i += 1) {
      await watcher.send(`${BASE}/other/detections`, [{ box: [46, 0, 91, 160], label: 'bar', score: 0.9 }]);
      await observer.of('detections', i + 1, from);
    }
    expectWhole(await observer.of('detections', 6, from));
  });

  it('is whole for everything, with its chunks and prompts in between', async () => {
    const from = observer.seen.length;
    const request = { camera: 'front', strategy: 'grid', grid: 4, encodings: [] };
    for (let i = 0; i < 2; i += 1) {
      await watcher.send(`${BASE}/request/everything`, request);
      await ask(watcher, 'other', { prompts: PROMPTS });
    }
    expectWhole(await observer.of('everything', 2, from));
  });

  it('is whole for a job', async () => {
    const from = observer.seen.length;
    const image = (await readFile(join(PACKAGE_ROOT, 'assets/self-test/table.jpg'))).toString('base64');
    for (let i = 0; i < 3; i += 1) {
      await watcher.send('samwire/jobs', { jobId: `j${i}`, image, prompts: PROMPTS });
      await observer.of('job', i + 1, from);
    }
    expectWhole(await observer.of('job', 3, from));
  });

  it('is whole for tracks', async () => {
    const from = observer.seen.length;
    await ask(watcher, 'front', { prompts: PROMPTS, track: true, ttlMs: 20_000 });
    expectWhole(await observer.of('track', 8, from));
  });
});
