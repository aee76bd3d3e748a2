import { describe, expect, it } from 'vitest';
import { LoadWatch } from '../../src/systemd/load-watch.js';
import { PoolProbe } from '../../src/systemd/pool-probe.js';
import { Reporter } from '../../src/systemd/reporter.js';
import type { Vitals } from '../../src/systemd/vitals.js';
import { camera, loading, vitals } from './vitals.js';

/** A reporter whose clock, manager and service the test has in hand. */
function harness(first: Vitals) {
  const test = {
    now: 0,
    service: first,
    listens: true,
    told: [] as Record<string, unknown>[],
    logged: [] as string[],
  };
  const note = (fields: object) => void test.logged.push(JSON.stringify(fields));
  const reporter = new Reporter({
    notifier: {
      tell: (told) => {
        if (test.listens) test.told.push(told);
        return test.listens;
      },
    },
    watchdogMs: 30_000,
    log: { fatal: note, warn: note },
    probe: new PoolProbe((done) => done()),
    now: () => test.now,
  });
  const tick = (ms = 1000): void => {
    test.now += ms;
    reporter.tick();
  };
  const said = (name: string): unknown[] => test.told.flatMap((told) => (name in told ? [told[name]] : []));
  return { test, reporter, tick, said };
}

const away = { url: 'mqtt://b', connected: false, problem: null };

describe('READY', () => {
  it('comes when the model is loaded and each camera streams or has failed once', () => {
    const { test, reporter, tick, said } = harness(
      vitals({ ...loading(), cameras: [camera('a', 'connecting')] }),
    );
    reporter.watch(() => test.service);
    test.service = vitals({ cameras: [camera('a', 'connecting'), camera('off', 'disabled')] });
    tick();
    expect(said('READY')).toEqual([]);
    test.service = vitals({
      cameras: [camera('a', 'failed', { message: 'No device.' }), camera('off', 'disabled')],
    });
    tick();
    // Tried is tried: it is being opened again.
    test.service = vitals({ cameras: [camera('a', 'connecting')] });
    tick();
    expect(said('READY')).toEqual([1]);
  });

  it('does not wait for a broker for ever', () => {
    const { test, reporter, tick, said } = harness(vitals({ broker: away }));
    reporter.watch(() => test.service);
    tick(4000);
    expect(said('READY')).toEqual([]);
    tick(1100);
    expect(said('READY')).toEqual([1]);
    expect(String(said('STATUS').at(-1))).toMatch(/broker mqtt:\/\/b not connected yet/);
  });

  it('comes at once where the broker refuses', () => {
    const { test, reporter, said } = harness(vitals({ broker: { ...away, problem: 'Nothing listens.' } }));
    reporter.watch(() => test.service);
    expect(said('READY')).toEqual([1]);
  });

  it('is said again until the manager has it', () => {
    const { test, reporter, tick, said } = harness(vitals());
    test.listens = false;
    reporter.watch(() => test.service);
    tick();
    test.listens = true;
    tick();
    tick();
    expect(said('READY')).toEqual([1]);
  });
});

describe('WATCHDOG', () => {
  it('is fed while nothing hangs, and again when a hang is over; the log says why it was not', () => {
    const { test, reporter, said } = harness(vitals());
    reporter.watch(() => test.service);
    reporter.feed();
    expect(said('WATCHDOG')).toHaveLength(1);
    test.service = vitals({ run: { atWorkMs: 100_000, slowestMs: 0 } });
    reporter.feed();
    reporter.feed();
    reporter.tick();
    expect(said('WATCHDOG')).toHaveLength(1);
    expect(test.logged).toHaveLength(1);
    expect(test.logged[0]).toContain('A run of the model has not ended for 100 s');
    expect(String(said('STATUS').at(-1))).toContain('A run of the model has not ended');
    test.service = vitals();
    reporter.feed();
    expect(said('WATCHDOG')).toHaveLength(2);
  });

  it('is not fed by a reload that never puts the next service together', () => {
    const { test, reporter, said } = harness(vitals());
    reporter.watch(() => test.service);
    test.now = 1_000_000;
    reporter.reloading();
    reporter.feed();
    test.now += 59_000;
    reporter.feed();
    expect(said('WATCHDOG')).toHaveLength(2);
    test.now += 2000;
    reporter.feed();
    expect(said('WATCHDOG')).toHaveLength(2);
  });
});

describe('EXTEND_TIMEOUT_USEC', () => {
  it('is asked for as long as the building of engines shows signs of life, and no longer', () => {
    const { test, reporter, said } = harness(vitals());
    const watch = new LoadWatch(() => test.now);
    reporter.watch(() => vitals({ ...loading(), load: watch.vitals }));
    const second = (signs: boolean): void => {
      test.now += 1000;
      if (signs) watch.building('encoder fp16: build');
      reporter.tick();
    };
    for (let i = 0; i < 10; i += 1) second(false);
    // Loading alone has the manager's own time-out.
    expect(said('EXTEND_TIMEOUT_USEC')).toEqual([]);
    for (let i = 0; i < 60; i += 1) second(true);
    const while_ = said('EXTEND_TIMEOUT_USEC');
    expect(while_.length).toBeGreaterThanOrEqual(10);
    expect(new Set(while_)).toEqual(new Set([120_000_000]));
    for (let i = 0; i < 300; i += 1) second(false);
    expect(said('EXTEND_TIMEOUT_USEC').length - while_.length).toBeLessThanOrEqual(2);
  });

  it('is asked for while another try is waited for', () => {
    const { test, reporter, said } = harness(vitals());
    const watch = new LoadWatch(() => test.now);
    reporter.watch(() => vitals({ ...loading(), load: watch.vitals }));
    watch.waits('No memory.', 600_000);
    for (let i = 0; i < 600; i += 1) {
      test.now += 1000;
      reporter.tick();
    }
    expect(said('EXTEND_TIMEOUT_USEC').length).toBeGreaterThan(100);
  });
});

describe('RELOADING', () => {
  it('carries the time, and is ended by READY of the next service', () => {
    const { test, reporter, tick, said } = harness(vitals());
    reporter.watch(() => test.service);
    reporter.reloading();
    expect(said('RELOADING')).toEqual([1]);
    expect(said('MONOTONIC_USEC')).toEqual([expect.any(BigInt)]);
    tick();
    expect(said('READY')).toEqual([1]);
    reporter.watch(() => test.service);
    expect(said('READY')).toEqual([1, 1]);
  });

  it('that is refused is answered, and stands in the status until the next one', () => {
    const { test, reporter, tick, said } = harness(vitals());
    reporter.watch(() => test.service);
    reporter.refused('2 faults');
    expect(said('RELOADING')).toEqual([1]);
    expect(said('READY')).toEqual([1, 1]);
    tick();
    expect(String(said('STATUS').at(-1))).toMatch(/^online: .*; the last reload was refused: 2 faults$/);
  });
});

describe('STOPPING', () => {
  it('is the last that is said, but for the watchdog', () => {
    const { test, reporter, tick, said } = harness(vitals());
    reporter.watch(() => test.service);
    reporter.stopping();
    const count = test.told.length;
    tick();
    expect(said('STOPPING')).toEqual([1]);
    expect(test.told).toHaveLength(count);
  });
});
