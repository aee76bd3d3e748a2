import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { REQUEST_KINDS } from '../../../src/pipeline/schedule/request.js';
import { randomStream } from '../../graphs/random.js';
import { LoadCamera, type Stream, startLoad } from './load.js';

/** Streams of all kinds, far more than the model can do. */
function streams(next: () => number): Stream[] {
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const cameras = Array.from(
    { length: 4 },
    (_, i) => new LoadCamera(`camera-${i}`, one([0.01, 0.5, 1, 100])),
  );
  return Array.from({ length: 12 }, () => ({
    camera: one(cameras),
    kind: one(REQUEST_KINDS),
    ...(next() < 0.5 ? { client: one(['a', 'b', 'c']) } : {}),
    ...(next() < 0.3 ? { supersedes: one(['x', 'y']) } : {}),
    named: next() < 0.5,
    prompts: one([0, 1, 1, 7, 64]),
    perSec: one([1, 20, 100]),
    clump: one([1, 1, 5, 40]),
    maxAgeMs: one([0, 1, 50, 1000]),
    untilMs: 1500,
  }));
}

describe('whatever is asked of the scheduler', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('each request is told once, no frame stays held, and nothing stays behind', async () => {
    for (let seed = 1; seed <= 24; seed += 1) {
      const next = randomStream(seed);
      const sent = streams(next);
      const load = startLoad({
        streams: sent,
        pace: { encodeMs: 20 * next(), promptMs: 5 * next(), runsAtOnce: 1 + (seed % 2) },
        queueLimit: 1 + Math.floor(next() * 40),
      });
      let count = 0;
      const { submit } = load.scheduler;
      load.scheduler.submit = (request) => {
        count += 1;
        return submit.call(load.scheduler, request);
      };
      await vi.advanceTimersByTimeAsync(1000);
      if (seed % 3 === 0) load.scheduler.close({ graceMs: 10 });
      await vi.advanceTimersByTimeAsync(5000);
      expect(load.outcomes.length, `seed ${seed}`).toBe(count);
      expect(count).toBeGreaterThan(50);
      const codes = new Set(load.outcomes.map(({ code }) => code));
      expect([...codes].filter((code) => !['served', 'overloaded', 'expired'].includes(code))).toEqual([]);
      for (const { camera } of sent) expect(camera.out, `seed ${seed}: frames of ${camera.name}`).toBe(0);
      expect(load.scheduler.length).toBe(0);
      const { waiting } = load.scheduler.stats();
      expect(waiting).toEqual({ prompt: 0, detections: 0, track: 0, job: 0 });
    }
  });
});
