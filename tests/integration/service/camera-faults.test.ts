import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { semanticModel } from '../../graphs/semantics.js';
import { testPicture } from '../../segment/picture.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, owe, type TestClient, waitFor } from '../mqtt/harness.js';
import { startProxy } from '../proxy.js';
import { type RtspCamera, rtspCamera, rtspServer } from '../rtsp.js';
import {
  ask,
  BASE,
  configOf,
  ready,
  run,
  type ServiceProcess,
  semanticConfig,
  stillCamera,
} from './harness.js';

const AWAY_MS = 10_000;
/** 5 s and 2 % are promised; these are for a machine that is busy with other tests. What was measured is printed. */
const BACK_MS = 10_000;
const RATE_CHANGE = 0.1;
/** The 4 s after which the service ends in any case, and what a busy machine adds. */
const STOP_MS = 6000;
const SMALL = { width: 160, height: 120 };

afterEach(closeAll);

interface Seen {
  readonly atMs: number;
  readonly json: Record<string, unknown>;
}

/** What came on a topic, with the time of its arrival. */
class Watch {
  readonly #topics = new Map<string, Seen[]>();

  constructor({ client }: TestClient) {
    client.on('message', (topic, payload) => {
      const list = this.#topics.get(topic) ?? [];
      this.#topics.set(topic, list);
      list.push({ atMs: performance.now(), json: JSON.parse(payload.toString()) });
    });
  }

  on(topic: string): readonly Seen[] {
    return this.#topics.get(topic) ?? [];
  }

  states(camera: string): readonly Seen[] {
    return this.on(`${BASE}/${camera}/state`);
  }

  async state(camera: string, fits: (json: Record<string, unknown>) => boolean, afterMs = 0): Promise<Seen> {
    const found = () => this.states(camera).find(({ atMs, json }) => atMs >= afterMs && fits(json));
    await waitFor(
      () => found() !== undefined,
      `a state of ${camera}; got ${JSON.stringify(this.states(camera).slice(-4))}`,
    );
    return found() as Seen;
  }

  async streaming(camera: string, afterMs = 0): Promise<number> {
    return (await this.state(camera, ({ state }) => state === 'streaming', afterMs)).atMs - afterMs;
  }

  /** The cameras' newest. */
  stats(): Record<string, Record<string, unknown>> {
    const newest = this.on(`${BASE}/stats`).at(-1);
    if (!newest) throw new Error('Expected stats');
    return newest.json.cameras as Record<string, Record<string, unknown>>;
  }

  /** Frames a second between two stats messages, by the service's own clock. */
  rate(camera: string, fromMs: number, toMs: number): number {
    const within = this.on(`${BASE}/stats`).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const of = (at: number): { frames: number; uptimeMs: number } => {
      const json = within.at(at)?.json as { uptimeMs: number; cameras: Record<string, { frames: number }> };
      return { frames: json.cameras[camera]?.frames ?? 0, uptimeMs: json.uptimeMs };
    };
    return ((of(-1).frames - of(0).frames) * 1000) / (of(-1).uptimeMs - of(0).uptimeMs);
  }
}

/** The port of a server that takes connections and never says a word. */
async function silentServer(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owe(async () => server.close());
  return (server.address() as AddressInfo).port;
}

interface Site {
  readonly watch: Watch;
  readonly watcher: TestClient;
  readonly service: ServiceProcess;
  readonly killed: RtspCamera;
  readonly frozen: RtspCamera;
  readonly resized: RtspCamera;
  readonly overUdp: RtspCamera;
  readonly network: { cut(): void; restore(): void };
  readonly url: string;
}

const STREAMS = ['steady', 'still', 'killed', 'frozen', 'resized', 'cut', 'udp'];

/** A service with a camera for each thing that can go wrong, and two with which nothing does. */
async function site(): Promise<Site> {
  const { url } = await broker();
  const watcher = await client(url);
  const [killed, frozen, resized, behind, overUdp] = await Promise.all([
    rtspCamera(SMALL),
    rtspCamera(SMALL),
    rtspCamera(SMALL),
    rtspCamera(SMALL),
    rtspCamera({ ...SMALL, user: 'me', password: 'secret7' }),
  ]);
  const proxy = await startProxy(behind.port);
  owe(() => proxy.close());
  const watch = new Watch(watcher);
  const service = await run(
    configOf(url, {
      model: await semanticConfig(semanticModel('sam')),
      cameras: {
        steady: { source: 'test://ball', ...SMALL, fps: 30 },
        still: await stillCamera(testPicture(160, 120)),
        killed: { source: killed.url },
        frozen: { source: frozen.url },
        resized: { source: resized.url },
        cut: { source: `rtsp://127.0.0.1:${proxy.port}/stream` },
        udp: { source: `${overUdp.url.replace('//', '//me:secret7@')}?transport=udp` },
        silent: { source: `rtsp://127.0.0.1:${await silentServer()}/stream` },
        nopath: { source: behind.url.replace('stream', 'other') },
        nologin: {
          source: behind.url.replace('//', '//me:wrong77@').replace(`${behind.port}`, `${overUdp.port}`),
        },
        hangs: { source: 'gst://videotestsrc is-live=true ! identity sleep-time=60000000' },
        off: { source: 'test://ball', enabled: false },
      },
    }),
  );
  await ready(watcher, ...STREAMS);
  const network = { cut: () => proxy.block(), restore: () => proxy.restore() };
  return { watch, watcher, service, killed, frozen, resized, overUdp, network, url };
}

/** Lets everything fail at once and come back by and by; ms from a source's return to the first state `streaming`. */
async function breakAndMend({
  watch,
  killed,
  frozen,
  resized,
  overUdp,
  network,
}: Site): Promise<Record<string, number>> {
  frozen.freeze();
  network.cut();
  await Promise.all([killed.kill(), resized.kill(), overUdp.kill()]);
  const back: Record<string, number> = {};
  const after = async (ms: number, name: string, mend: () => Promise<void> | void): Promise<void> => {
    await sleep(ms);
    await mend();
    back[name] = Math.round(await watch.streaming(name, performance.now()));
  };
  await Promise.all([
    after(0, 'resized', () => resized.start({ width: 320, height: 240 })),
    after(4000, 'cut', () => network.restore()),
    after(6000, 'udp', () => overUdp.start()),
    after(8000, 'frozen', () => frozen.thaw()),
    after(AWAY_MS, 'killed', () => killed.start()),
  ]);
  return back;
}

const REASONS: Readonly<Record<string, RegExp>> = {
  silent: /does not answer/,
  nopath: /404.*no stream of this path/,
  nologin: /401.*user name and password/,
  hangs: /within 10 s/,
};

describe.skipIf(brokerMissing() !== null || rtspServer() === null)('a service of many cameras', () => {
  it('loses and finds each of them alone, says why, and stops while some hang', async () => {
    const all = await site();
    const { watch, watcher, service, frozen } = all;
    const beganMs = performance.now();
    await sleep(3000);
    const faultsMs = performance.now();
    const [back] = await Promise.all([breakAndMend(all), restarts(watcher), masksMeanwhile(watcher)]);
    const endMs = performance.now();

    const rates = [watch.rate('steady', beganMs, faultsMs), watch.rate('steady', faultsMs, endMs)] as const;
    console.info('back after ms:', back, 'frames a second of the steady camera before and during:', rates);
    expect(Math.abs(rates[1] / rates[0] - 1)).toBeLessThan(RATE_CHANGE);
    for (const ms of Object.values(back)) expect(ms).toBeLessThan(BACK_MS);
    for (const name of ['steady', 'still'])
      expect(watch.states(name).map(({ json }) => json.state)).not.toContain('failed');
    await watch.state('resized', ({ width, height }) => width === 320 && height === 240);
    expect(watch.states('frozen').map(({ json }) => json.state)).toContain('stalled');

    for (const [name, reason] of Object.entries(REASONS)) {
      const { json } = await watch.state(name, ({ error }) => reason.test(messageOf(error)));
      expect(json.state).toBe('failed');
    }
    // Restarted by hand once; else a failure that goes on is told once.
    expect(watch.states('nopath').length).toBeLessThanOrEqual(4);
    const logged = service.log();
    expect(logged.match(/"level":40,[^\n]*"camera":"nopath"/g)).toHaveLength(1);
    expect(logged).not.toMatch(/wrong77|secret7/);
    await retained(all);

    const cameras = watch.stats();
    expect(cameras.steady).toMatchObject({ reopens: 0, lastError: null });
    expect(cameras.killed).toMatchObject({ lastError: { message: expect.stringContaining('rtspsrc') } });
    expect(cameras.killed?.longestGapMs).toBeGreaterThan(AWAY_MS);

    frozen.freeze();
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(STOP_MS);
  });
});

function messageOf(error: unknown): string {
  return (error as { message?: string } | undefined)?.message ?? '';
}

/** Cameras that are away can be restarted by hand, several times at once; one that is disabled can't. */
async function restarts(watcher: TestClient): Promise<void> {
  const restart = async (camera: string, transaction: string): Promise<Record<string, unknown>> => {
    await watcher.send(`${BASE}/request/restart-camera`, { camera, transaction });
    const isAnswer = ({ topic, json }: { topic: string; json: Record<string, unknown> }) =>
      topic === `${BASE}/response/restart-camera` && json.transaction === transaction;
    return (await watcher.next(isAnswer, transaction)).json;
  };
  await sleep(2000);
  const away = ['killed', 'nopath', 'nopath', 'nopath', 'silent'];
  for (const answer of await Promise.all(away.map((camera, i) => restart(camera, `t${i}`))))
    expect(answer.status).toBe('ok');
  const { status, error } = await restart('off', 'disabled');
  expect(status).toBe('error');
  expect(messageOf(error)).toContain('cameras.off.enabled');
}

/** The other cameras' prompts are answered while everything fails. */
async function masksMeanwhile(watcher: TestClient): Promise<void> {
  for (let i = 0; i < 8; i++) {
    const { masks } = await ask(watcher, 'still', { prompts: [{ id: 'box', box: [20, 15, 110, 100] }] });
    expect(masks).toHaveLength(1);
    await sleep(500);
  }
}

/** Who comes later finds state and reason on the topic. */
async function retained({ url }: Site): Promise<void> {
  const late = await client(url);
  const { json, retain } = await late.on(`${BASE}/nopath/state`);
  expect(retain).toBe(true);
  expect(json).toMatchObject({ state: 'failed', error: { code: 'no_frame' } });
}
