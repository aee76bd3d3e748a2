import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { CameraState } from '../../src/frames/supervision.js';
import type { NodeView } from '../../src/http/node-view.js';
import type { Ready } from '../../src/http/readiness.js';
import { semanticModel } from '../graphs/semantics.js';
import { brokerMissing } from '../integration/broker.js';
import { broker, closeAll } from '../integration/mqtt/harness.js';
import { configOf, directory, run, semanticConfig, stillCamera } from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';
import { handshake, listen, raw, serveHttp } from './harness.js';
import { testView } from './view.js';

afterEach(closeAll);

const ONLINE = testView().state();
const CONNECTED = testView().broker();

interface Parts {
  readonly node?: Partial<NodeView>;
  readonly front?: Partial<CameraState>;
  readonly gate?: Partial<CameraState>;
}

async function ready({ node = {}, front = {}, gate = {} }: Parts): Promise<Ready & { status: number }> {
  const view = testView(node);
  for (const [name, state] of Object.entries({ front, gate })) {
    const camera = view.doubles.get(name);
    if (camera) camera.state = { ...camera.state, ...state };
  }
  const { fetch } = await listen(view);
  const answer = await fetch('/readyz');
  return { status: answer.status, ...((await answer.json()) as Ready) };
}

describe('/readyz', () => {
  it('is 200 where a prompt can be answered, and says what is there', async () => {
    expect(await ready({ gate: { state: 'disabled' } })).toEqual({
      status: 200,
      ready: true,
      checks: {
        model: { ok: true, detail: 'test-model on onnx' },
        broker: { ok: true, detail: 'connected, MQTT 5' },
        cameras: { ok: true, detail: 'front: streaming, gate: disabled' },
      },
    });
  });

  it.each<[string, Parts, keyof Ready['checks'], RegExp]>([
    [
      'the model is being loaded',
      { node: { state: () => ({ ...ONLINE, state: 'starting' }) } },
      'model',
      /loaded/,
    ],
    [
      'engines are being built',
      { node: { state: () => ({ ...ONLINE, state: 'building', progress: 0.42 }) } },
      'model',
      /built, 42 % done/,
    ],
    ['the service stops', { node: { state: () => ({ ...ONLINE, state: 'stopped' }) } }, 'model', /stops/],
    [
      'the broker is away',
      {
        node: {
          broker: () => ({
            ...CONNECTED,
            connected: false,
            problem: 'nothing listens at mqtt://robot:hunter2@10.0.0.1',
          }),
        },
      },
      'broker',
      /nothing listens/,
    ],
    [
      'no camera streams',
      {
        front: {
          state: 'failed',
          error: { code: 'no_frame', message: 'rtsp://admin:hunter2@10.0.0.5/ is away' },
        },
        gate: { state: 'stalled' },
      },
      'cameras',
      /^front: failed \(no_frame\), gate: stalled$/,
    ],
    ['there is no camera and no job', { node: { cameras: new Map() } }, 'cameras', /none is configured/],
  ])('is 503 while %s, says so, and tells no secret', async (_what, parts, check, detail) => {
    const found = await ready(parts);
    expect(found.status).toBe(503);
    expect(found.ready).toBe(false);
    expect(Object.entries(found.checks).filter(([, { ok }]) => !ok)).toEqual([
      [check, { ok: false, detail: expect.stringMatching(detail) }],
    ]);
    expect(JSON.stringify(found)).not.toMatch(/hunter2|10\.0\.0\.5/);
  });

  it('is 200 without a camera where jobs are served', async () => {
    expect(await ready({ node: { cameras: new Map(), servesJobs: true } })).toMatchObject({
      status: 200,
      checks: { cameras: { ok: true, detail: 'none is configured; jobs are served' } },
    });
  });
});

describe('/healthz', () => {
  it('tells how late the event loop is', async () => {
    const { fetch } = await listen(testView());
    const health = await (await fetch('/healthz')).json();
    expect(health).toEqual({
      status: 'ok',
      version: '0.1.0',
      uptimeMs: expect.any(Number),
      eventLoopDelayMs: { p99: expect.any(Number), max: expect.any(Number) },
    });
  });
});

describe.skipIf(brokerMissing() !== null)('samwire run', () => {
  const config = async (url: string) =>
    configOf(url, {
      cameras: { front: await stillCamera(testPicture(160, 120)) },
      model: await semanticConfig(semanticModel('sam')),
    });

  it('is ready when model, broker and camera are, is not while the broker is away, and stops in its time', async () => {
    const { url, kill } = await broker();
    const token = 'KjWq8-token-of-this-service';
    const tokenFile = join(await directory(), 'token');
    await writeFile(tokenFile, token);
    const service = await serveHttp(await config(url), { tokenFile });
    const checks = async () => (await (await service.fetch('/readyz')).json()) as Ready;
    await expect.poll(checks, { timeout: 50_000, interval: 200 }).toMatchObject({ ready: true });
    await kill();
    await expect.poll(checks, { timeout: 30_000, interval: 200 }).toMatchObject({
      ready: false,
      checks: { model: { ok: true }, broker: { ok: false }, cameras: { ok: true } },
    });
    expect((await service.fetch('/api/info')).status).toBe(401);
    const login = await service.post('/api/login', { token });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    expect((await service.fetch('/api/info', { headers: { cookie } })).status).toBe(200);
    expect((await handshake(service.url, '/api/live', { cookie })).status).toBe(101);
    const idle = raw(service.url, '', 60_000);
    const { code, ms } = await service.process.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
    await idle;
    expect(service.process.log()).not.toContain(token);
    expect(service.process.log()).not.toContain(cookie.split('=')[1]);
  });

  it('ends with 78 where the token file is empty, and says what to do', async () => {
    const tokenFile = join(await directory(), 'token');
    await writeFile(tokenFile, '\n');
    const service = await run(
      { ...(await config('mqtt://127.0.0.1:1')), http: { port: 0, tokenFile } },
      { endsByItself: true },
    );
    expect(await service.ended).toBe(78);
    expect(service.log()).toContain('openssl rand');
    expect(service.log()).toContain(tokenFile);
  });
});
