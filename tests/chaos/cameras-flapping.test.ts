import { spawn } from 'node:child_process';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, owe, type TestClient } from '../integration/mqtt/harness.js';
import { type RtspCamera, rtspCamera, rtspServer } from '../integration/rtsp.js';
import { BASE, directory, ready, run, seen, stillCamera } from '../integration/service/harness.js';
import { encode, testPicture } from '../segment/picture.js';
import { DURATIONS, LONG, TIMEOUT_MS } from './durations.js';
import { heldBy } from './process.js';
import { measured } from './report.js';
import { fastNode } from './site.js';

const { forMs } = DURATIONS.camerasFlapping;
const FPS = 20;
const SMALL = { width: 160, height: 120 };
/** Pauses of each flapping source, at random within these. */
const PAUSE_MS = [300, 2500] as const;

/** Numbers that are the same in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Another process that shows its camera by a socket, until it is killed. */
async function shmCamera(path: string): Promise<{ kill(): Promise<void>; start(): Promise<void> }> {
  let child: ReturnType<typeof spawn> | undefined;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  owe(kill);
  const caps = `video/x-raw,format=RGB,width=160,height=120,framerate=15/1`;
  return {
    kill,
    async start() {
      const pipeline = `videotestsrc is-live=true ! ${caps} ! shmsink socket-path=${path} wait-for-connection=false`;
      child = spawn('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { stdio: 'ignore' });
    },
  };
}

interface Flapping {
  readonly name: string;
  readonly go: () => Promise<void>;
  readonly come: () => Promise<void>;
}

/** Goes and comes until the time is over, and is there in the end; resolves with how often it went. */
async function flap({ go, come }: Flapping, endAt: number, random: () => number): Promise<number> {
  const pause = (): Promise<void> => sleep(PAUSE_MS[0] + random() * (PAUSE_MS[1] - PAUSE_MS[0]));
  let times = 0;
  while (performance.now() < endAt) {
    await pause();
    await go();
    times += 1;
    await pause();
    await come();
  }
  return times;
}

function flappingRtsp(name: string, camera: RtspCamera): Flapping {
  return { name, go: () => camera.kill(), come: () => camera.start() };
}

/** Frames of a camera, and the service's own clock, from the next stats. */
async function framesOf(watcher: TestClient, camera: string): Promise<{ frames: number; uptimeMs: number }> {
  const { json } = await seen(watcher, `${BASE}/stats`, () => true, watcher.received.length);
  const { cameras, uptimeMs } = json as { cameras: Record<string, { frames: number }>; uptimeMs: number };
  return { frames: cameras[camera]?.frames ?? Number.NaN, uptimeMs };
}

async function rate(watcher: TestClient, camera: string, during: () => Promise<unknown>): Promise<number> {
  const from = await framesOf(watcher, camera);
  await during();
  const to = await framesOf(watcher, camera);
  return ((to.frames - from.frames) * 1000) / (to.uptimeMs - from.uptimeMs);
}

describe.skipIf(!LONG || brokerMissing() !== null || rtspServer() === null)(
  'cameras that come and go',
  () => {
    afterEach(closeAll);

    it(
      'cost the others no frame, and leave no thread and no handle behind',
      async () => {
        const dir = await directory();
        const [socket, picture] = [join(dir, 'camera.sock'), join(dir, 'there.png')];
        const still = await stillCamera(testPicture(160, 120), FPS);
        const [one, other] = await Promise.all([rtspCamera(SMALL), rtspCamera(SMALL)]);
        const shm = await shmCamera(socket);
        await shm.start();
        await writeFile(picture, await encode(testPicture(160, 120)));
        const frames = 'pngdec ! imagefreeze is-live=true num-buffers=10 ! videoconvert';
        const cameras = {
          steady: still,
          ball: { source: 'test://ball', ...SMALL, fps: FPS },
          one: { source: one.url },
          other: { source: other.url },
          shm: { source: `shm://${socket}?width=160&height=120&fps=15&format=RGB` },
          // Ends after 10 frames, and is opened again: while the file is away, in vain.
          file: {
            source: `gst://filesrc location=${picture} ! ${frames} ! video/x-raw,format=RGB,framerate=10/1`,
          },
        };
        const { url } = await broker();
        const watcher = await client(url);
        const service = await run(await fastNode(url, { cameras }));
        await ready(watcher, ...Object.keys(cameras));
        const pid = service.child.pid ?? 0;
        const quietRate = await rate(watcher, 'steady', () => sleep(DURATIONS.camerasFlapping.quietMs));
        const before = heldBy(pid);

        const away = `${picture}.away`;
        const flapping: Flapping[] = [
          flappingRtsp('one', one),
          flappingRtsp('other', other),
          { name: 'shm', go: () => shm.kill(), come: () => shm.start() },
          { name: 'file', go: () => rename(picture, away), come: () => rename(away, picture) },
        ];
        const endAt = performance.now() + forMs;
        let times: number[] = [];
        const peaks: number[] = [];
        const sampling = setInterval(() => peaks.push(heldBy(pid).threads), 500);
        owe(async () => clearInterval(sampling));
        const flapRate = await rate(watcher, 'steady', async () => {
          times = await Promise.all(flapping.map((each, i) => flap(each, endAt, dice(i + 1))));
        });
        clearInterval(sampling);
        for (const { name } of flapping)
          await seen(watcher, `${BASE}/${name}/state`, ({ state }) => state === 'streaming');
        await sleep(6000);
        const after = heldBy(pid);

        // Both are of one run, so that a busy machine slows both.
        expect(flapRate / quietRate).toBeGreaterThan(0.85);
        for (const name of ['steady', 'ball']) {
          const states = watcher.received.filter(({ topic }) => topic === `${BASE}/${name}/state`);
          expect(states.map(({ json }) => json.state).filter((state) => state === 'failed')).toEqual([]);
        }
        // A pipeline that is just being closed or opened has some of its own.
        const SLACK = 12;
        expect(after.threads, JSON.stringify({ before, after })).toBeLessThan(before.threads + SLACK);
        expect(after.handles, JSON.stringify({ before, after })).toBeLessThan(before.handles + SLACK);
        measured({
          fault: 'cameras flap: two RTSP servers, a shm socket and a file go and come at random',
          promised:
            'other cameras keep their rate; no thread or handle is left behind; all stream in the end',
          figures: {
            outages: times.reduce((sum, count) => sum + count, 0),
            'frames a second before': quietRate.toFixed(1),
            'and meanwhile': flapRate.toFixed(1),
            'threads before, at most, after': `${before.threads}, ${Math.max(...peaks)}, ${after.threads}`,
            'handles before, after': `${before.handles}, ${after.handles}`,
            'MiB before, after': `${Math.round(before.rssBytes / 2 ** 20)}, ${Math.round(after.rssBytes / 2 ** 20)}`,
          },
        });
      },
      TIMEOUT_MS,
    );
  },
);
