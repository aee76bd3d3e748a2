import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../integration/mqtt/harness.js';
import { rtspCamera, rtspServer } from '../integration/rtsp.js';
import {
  answerTo,
  BASE,
  directory,
  ready,
  run,
  seen,
  send,
  stillCamera,
} from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';
import { LONG, TIMEOUT_MS } from './durations.js';
import { measured } from './report.js';
import { BOX, fastNode } from './site.js';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
const HOUR_MS = 3_600_000;
const MISSING = !LONG
  ? 'only in `npm run test:chaos`'
  : existsSync(LIBRARY)
    ? (rtspServer() ?? 'the RTSP server of the native tests') === rtspServer()
      ? null
      : 'the RTSP server of the native tests is not built'
    : 'libfaketime is not installed (apt-get install libfaketime)';
if (LONG && MISSING) console.warn(`Clock jumps are not tested: ${MISSING}`);

/** The service's own wall clock is set; monotonic clocks are left alone, as by `date -s`. */
async function fakeClock(): Promise<{
  readonly env: Record<string, string>;
  set(offsetMs: number): Promise<void>;
}> {
  const file = join(await directory(), 'faketime');
  const set = (offsetMs: number): Promise<void> =>
    writeFile(file, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1000}\n`);
  await set(0);
  return {
    set,
    env: {
      LD_PRELOAD: LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    },
  };
}

/** All numbers below `value` that are no times of the wall clock, with their paths. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, of]) => numbersIn(of, `${path}.${key}`));
}

/** Durations and ages that are negative, missing or of an hour. */
function oddTimes(json: Record<string, unknown>): string[] {
  return (
    numbersIn(json)
      // Ages of tracks, and of frames that were captured before, are differences of capture times: they tell the jump.
      .filter(([path]) => /Ms\b/.test(path) && !/skewMs$|track\.ageMs$|\.tracks\.latencyMs/.test(path))
      .filter(([, ms]) => !(ms >= 0 && ms < HOUR_MS / 2))
      .map(([path, ms]) => `${path}: ${ms}`)
  );
}

const statsAfter = async (watcher: TestClient): Promise<Record<string, unknown>> =>
  (await seen(watcher, `${BASE}/stats`, () => true, watcher.received.length)).json;

describe.skipIf(brokerMissing() !== null || MISSING !== null)(
  'a clock that is set while the service runs',
  () => {
    afterEach(closeAll);

    it.each([
      { name: 'an hour on', byMs: HOUR_MS },
      { name: 'an hour back', byMs: -HOUR_MS },
    ])(
      'by $name lets nothing expire, or live, for an hour',
      async ({ name, byMs }) => {
        const clock = await fakeClock();
        const rtsp = await rtspCamera({ width: 160, height: 120 });
        const { url } = await broker();
        const watcher = await client(url);
        const front = await stillCamera(testPicture(160, 120));
        const { log } = await run(
          await fastNode(url, {
            cameras: {
              front: { ...front, historyMs: 2000 },
              second: front,
              rtsp: { source: rtsp.url },
              none: { source: 'gst://videotestsrc is-live=true ! identity sleep-time=60000000' },
            },
            tracks: { lostMs: 2000 },
            pipeline: {
              queue: 64,
              maxAgeMs: 5000,
              rateLimit: { perClientPerSec: 20, perCameraPerSec: 20 },
            },
          }),
          { env: clock.env },
        );
        await ready(watcher, 'front', 'second', 'rtsp');
        // Followed for ever, and for 4 s.
        await answerTo(
          watcher,
          await send(watcher, 'front', { track: true, prompts: [{ ...BOX, id: 'for-ever' }] }),
        );
        await answerTo(
          watcher,
          await send(watcher, 'second', { track: true, ttlMs: 8000, prompts: [{ ...BOX, id: 'brief' }] }),
        );
        const kept = { requestId: 'kept', prompts: [BOX] };
        await watcher.send(`${BASE}/front/prompt`, kept);
        const masks = () =>
          watcher.received.filter(({ json }) => json.requestId === 'kept' && 'masks' in json);
        await waitFor(() => masks().length === 1, 'masks');
        // Waits for a frame that does not come: for its 4 s, not for an hour, and not for no time at all.
        const waitsSince = performance.now();
        const waiting = send(watcher, 'none', { prompts: [BOX], maxAgeMs: 4000 }).then((id) =>
          answerTo(watcher, id),
        );
        let waitedMs = Number.NaN;
        void waiting.then(() => (waitedMs = performance.now() - waitsSince));
        await sleep(500);

        await clock.set(byMs);
        const setAt = performance.now();
        await sleep(300);
        const from = watcher.received.length;
        const wall = Date.now() + byMs;
        // Frames of after it have the new time, of both kinds of cameras; what is kept is kept; limits hold.
        for (const camera of ['front', 'rtsp']) {
          const answer = await answerTo(
            watcher,
            await send(watcher, camera, { prompts: [BOX], maxAgeMs: 3000 }),
          );
          if (!('masks' in answer)) throw new Error(`${camera}: ${JSON.stringify(answer)} ${log()}`);
          expect(Math.abs(answer.frame.timestamp - wall)).toBeLessThan(60_000);
          expect(oddTimes(answer.timing)).toEqual([]);
          const named = { timestamp: answer.frame.timestamp, toleranceMs: 1 };
          const again = await answerTo(
            watcher,
            await send(watcher, camera, { frame: named, prompts: [BOX] }),
          );
          if (camera === 'front') expect(again).toMatchObject({ frame: { seq: answer.frame.seq } });
        }
        await watcher.send(`${BASE}/front/prompt`, kept);
        await waitFor(() => masks().length === 2, 'the kept masks');
        expect(masks()[1]?.payload).toEqual(masks()[0]?.payload);

        expect(await waiting).toMatchObject({ code: 'no_frame' });
        expect(waitedMs).toBeGreaterThan(3500);
        expect(waitedMs).toBeLessThan(20_000);

        // The brief track ends by its time to live, the other one goes on, and is seen on new frames.
        const told = () => watcher.received.flatMap(({ json }) => (json.ended as unknown[]) ?? []);
        await waitFor(() => told().length > 0, 'the end of the brief track');
        expect(performance.now() - setAt).toBeLessThan(30_000);
        const ends = watcher.received.flatMap(
          ({ json }) => (json.ended as { id: string; reason: string }[]) ?? [],
        );
        expect(ends.map(({ id, reason }) => `${id} ${reason}`)).toEqual(['brief expired']);
        await watcher.send(`${BASE}/request/tracks`, { transaction: 't', camera: 'front' });
        const listed = await seen(
          watcher,
          `${BASE}/response/tracks`,
          ({ transaction }) => transaction === 't',
        );
        const [track] = (listed.json.data as { tracks: { id: string; lastSeen: number }[] }).tracks;
        expect(track?.id).toBe('for-ever');
        expect(Math.abs((track?.lastSeen ?? 0) - (Date.now() + byMs))).toBeLessThan(60_000);

        // A camera that fails now is back as soon as ever.
        await rtsp.kill();
        await seen(watcher, `${BASE}/rtsp/state`, ({ state }) => state !== 'streaming', from);
        await rtsp.start();
        await seen(
          watcher,
          `${BASE}/rtsp/state`,
          ({ state }) => state === 'streaming',
          watcher.received.length,
        );

        const odd = watcher.received
          .slice(from)
          .flatMap(({ topic, json }) => oddTimes(json).map((at) => `${topic}${at}`));
        expect([...new Set(odd)]).toEqual([]);
        const stats = await statsAfter(watcher);
        expect(stats.uptimeMs).toBeLessThan(600_000);
        expect(stats).toMatchObject({ cameras: { front: { reopens: 0 } }, mqtt: { retries: 0 } });
        measured({
          fault: `the clock is set by ${name} while it runs`,
          promised:
            'nothing expires or lives for an hour; timings stay sound; cameras and broker connection hold',
          figures: { 'a prompt with maxAgeMs 4000 waited ms': Math.round(waitedMs), 'odd timings': 0 },
        });
      },
      TIMEOUT_MS,
    );
  },
);
