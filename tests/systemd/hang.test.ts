import { describe, expect, it } from 'vitest';
import {
  hangOf,
  MAX_CAMERA_QUIET_MS,
  MAX_LOAD_QUIET_MS,
  MAX_POOL_QUIET_MS,
  maxRunMs,
} from '../../src/systemd/hang.js';
import { PoolProbe } from '../../src/systemd/pool-probe.js';
import { camera, loading, vitals } from './vitals.js';

describe('what hangs', () => {
  it('is nothing in a service that idles, whose cameras are down and whose broker is away', () => {
    const cameras = [camera('front', 'failed', { message: 'gone' }), camera('left', 'connecting')];
    const broker = { url: 'mqtt://b', connected: false, problem: 'Nothing listens' };
    expect(hangOf(vitals({ cameras, broker }), 0)).toBeNull();
    expect(hangOf(vitals({ cameras: [] }), 0)).toBeNull();
  });

  it('is a run of the model that does not end, whatever else advances', () => {
    const run = (atWorkMs: number, slowestMs = 0) => hangOf(vitals({ run: { atWorkMs, slowestMs } }), 0);
    expect(run(59_000)).toBeNull();
    expect(run(61_000)).toMatch(/A run of the model has not ended for 61 s/);
    // A large model on a small CPU.
    expect(run(61_000, 20_000)).toBeNull();
    expect(run(101_000, 20_000)).toMatch(/101 s/);
    expect(maxRunMs(3_600_000)).toBe(600_000);
  });

  it('is a camera whose frames, or whose supervision, do not advance', () => {
    for (const state of ['streaming', 'failed', 'connecting'] as const) {
      const of = (quietMs: number) => hangOf(vitals({ cameras: [camera('front', state, { quietMs })] }), 0);
      expect(of(MAX_CAMERA_QUIET_MS)).toBeNull();
      expect(of(MAX_CAMERA_QUIET_MS + 1000)).toMatch(`Camera front (${state}) has not advanced for 61 s.`);
    }
  });

  it('is a loading without a sign of life', () => {
    expect(hangOf(vitals(loading({ quietMs: MAX_LOAD_QUIET_MS })), 0)).toBeNull();
    expect(hangOf(vitals(loading({ quietMs: MAX_LOAD_QUIET_MS + 1 })), 0)).toMatch(/loading of the model/);
  });

  it('is a thread pool that answers nothing', () => {
    expect(hangOf(vitals(), MAX_POOL_QUIET_MS + 1)).toMatch(/thread pool/);
  });
});

describe('the probe of the thread pool', () => {
  it('asks one thing at a time, and counts from the question that is owed', () => {
    let now = 0;
    const answers: (() => void)[] = [];
    const probe = new PoolProbe(
      (done) => void answers.push(done),
      () => now,
    );
    expect(probe.quietMs).toBe(0);
    probe.beat();
    now = 5000;
    probe.beat();
    expect(answers).toHaveLength(1);
    expect(probe.quietMs).toBe(5000);
    answers[0]?.();
    expect(probe.quietMs).toBe(0);
    probe.beat();
    expect(answers).toHaveLength(2);
  });

  it('is answered by the real pool', async () => {
    const probe = new PoolProbe();
    probe.beat();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(probe.quietMs).toBe(0);
  });
});
