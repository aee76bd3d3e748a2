import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigSchema } from '../../../src/config/schema.js';
import { startService } from '../../../src/main.js';
import { loadAddon } from '../../../src/native/addon.js';
import { semanticModel } from '../../graphs/semantics.js';
import { testPicture } from '../../segment/picture.js';
import { brokerMissing, freePort } from '../broker.js';
import { broker, client, closeAll, owe } from '../mqtt/harness.js';
import { rtspCamera, rtspServer } from '../rtsp.js';
import { ask, ready, seen, semanticConfig, stillCamera } from './harness.js';
import { clip, frames, open } from './watched-camera.js';

const addon = loadAddon();
const log = pino({ level: 'silent' });

afterEach(closeAll);

describe('a camera', () => {
  it('streams a test pattern of the size that is asked for', async () => {
    const { camera, until } = open('test://ball', { width: 320, height: 180 });
    expect(await until('streaming')).toMatchObject({ width: 320, height: 180 });
    const frame = camera.acquire('latest');
    if (!frame) throw new Error('no frame');
    expect(frame).toMatchObject({ width: 320, height: 180, format: 'NV12' });
    expect(Math.abs(Date.now() - frame.timestamp)).toBeLessThan(5000);
    expect(addon.frameRgb(frame.id)).toHaveLength(320 * 180 * 3);
    await frames(camera, 3);
    addon.releaseFrame(frame.id);
    expect(addon.framesInUse()).toBe(0);
  });

  it('shows the very pixels of its source', async () => {
    const picture = testPicture(83, 61);
    const { source } = await stillCamera(picture);
    const { camera, until } = open(source);
    await until('streaming');
    const frame = camera.acquire('latest');
    if (!frame) throw new Error('no frame');
    expect(Buffer.compare(addon.frameRgb(frame.id), Buffer.from(picture.rgb))).toBe(0);
    addon.releaseFrame(frame.id);
  });

  it('plays a file again and again, with seq and time going on', async () => {
    const path = await clip();
    const { camera, states, until } = open(`file://${path}?loop=1`, { historyMs: 60_000 });
    await until('streaming');
    // Three times its 20 frames.
    await frames(camera, 60);
    expect(states.some(({ state }) => state === 'failed' || state === 'stalled')).toBe(false);
    const { held } = camera.stats();
    const newest = camera.acquire('latest');
    if (!newest) throw new Error('no frame');
    addon.releaseFrame(newest.id);
    let before = Number.NEGATIVE_INFINITY;
    for (let seq = newest.seq - held + 2; seq <= newest.seq; seq++) {
      const frame = camera.acquire({ seq });
      if (!frame) throw new Error(`frame ${seq} is missing`);
      addon.releaseFrame(frame.id);
      expect(frame.timestamp).toBeGreaterThan(before);
      before = frame.timestamp;
    }
  });

  it('says that a file has ended where it is not looped', async () => {
    const { until } = open(`file://${await clip()}`);
    await until('streaming');
    expect((await until('stalled')).error?.message).toContain('has ended');
  });

  it('keeps acquired frames when it is closed, and lets go of them after', async () => {
    const { camera, until } = open('test://pattern', { width: 64, height: 48 });
    await until('streaming');
    const held = Array.from({ length: 5 }, () => camera.acquire('latest'));
    await camera.close();
    expect(camera.acquire('latest')).toBeNull();
    for (const frame of held) {
      if (!frame) throw new Error('no frame');
      expect(addon.frameRgb(frame.id)).toHaveLength(64 * 48 * 3);
      addon.releaseFrame(frame.id);
    }
    expect(addon.framesInUse()).toBe(0);
  });

  it('hands out and takes back 1,000 frames while it streams', async () => {
    const { camera, until } = open('test://pattern', { width: 64, height: 48 });
    await until('streaming');
    for (let i = 0; i < 1000; i++) {
      const frame = camera.acquire(i % 2 ? 'latest' : { timestamp: Date.now(), toleranceMs: 60_000 });
      if (!frame) throw new Error('no frame');
      addon.releaseFrame(frame.id);
    }
    expect(addon.framesInUse()).toBe(0);
  });
});

describe.skipIf(rtspServer() === null)('an RTSP camera (the native tests build its server)', () => {
  it('comes back when its server was killed and is started again', async () => {
    const server = await rtspCamera();
    const { camera, until } = open(server.url);
    expect(await until('streaming')).toMatchObject({ width: 320, height: 240 });
    await frames(camera, 5);
    const before = camera.acquire('latest');
    if (!before) throw new Error('no frame');
    addon.releaseFrame(before.id);
    await server.kill();
    await until('failed');
    await server.start();
    await until('streaming');
    await frames(camera, 5);
    const after = camera.acquire('latest');
    if (!after) throw new Error('no frame');
    addon.releaseFrame(after.id);
    expect(after.seq).toBeGreaterThan(before.seq);
    expect(after.timestamp).toBeGreaterThan(before.timestamp);
  });

  it('waits for a server that is not there yet', async () => {
    const port = await freePort();
    const { until } = open(`rtsp://127.0.0.1:${port}/stream`);
    expect((await until('failed')).error?.message).toMatch(/127\.0\.0\.1|onnect/);
    await rtspCamera({ port });
    await until('streaming');
  });
});

describe.skipIf(brokerMissing() !== null)('the whole service', () => {
  it('lets go of every frame, after 200 prompts and its end', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const config = ConfigSchema.parse({
      version: 1,
      node: { id: 'n1' },
      mqtt: { url },
      cameras: { front: { ...(await stillCamera(testPicture(160, 120), 30)), historyMs: 2000 } },
      model: await semanticConfig(semanticModel('nanosam')),
      pipeline: { queue: 200, rateLimit: { perCameraPerSec: 10_000 } },
      http: { enabled: false },
      stats: { intervalMs: 200 },
    });
    const service = await startService({ config, log, onFatal: () => undefined });
    owe(() => service.close());
    await ready(watcher, 'front');
    const seqs = new Set<number>();
    for (let i = 0; i < 10; i++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, k) =>
          ask(watcher, 'front', { prompts: [{ id: 'a', box: [k, k, k + 40, k + 30] }] }),
        ),
      );
      for (const { frame } of answers) seqs.add(frame.seq);
    }
    expect(seqs.size).toBeGreaterThan(1);
    // The last answer's frame is kept for a snapshot with its masks.
    const stats = await seen(
      watcher,
      'samwire/n1/stats',
      ({ answers }) => answers === 200,
      watcher.received.length,
    );
    expect(stats.json).toMatchObject({ framesInUse: 1, queue: 0, errors: {} });
    await service.close();
    expect(addon.framesInUse()).toBe(0);
  });
});
