import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { startPeriodic } from '../../src/pipeline/periodic.js';

function setup(work: () => Promise<void>) {
  const listeners = new Set<(frame: { seq: number; timestamp: number }) => void>();
  const logged: [level: string, problem: unknown][] = [];
  const log = (level: string) => (fields: unknown) => {
    logged.push([level, (fields as { problem: unknown }).problem]);
  };
  const counts = { runs: 0, busy: 0 };
  const stop = startPeriodic({
    everyMs: 1000,
    camera: {
      onFrame(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    work: () => {
      counts.runs += 1;
      return work();
    },
    onBusy: () => {
      counts.busy += 1;
    },
    log: { warn: log('warn'), debug: log('debug') },
  });
  const frame = () => {
    for (const listener of listeners) listener({ seq: 1, timestamp: 1 });
  };
  return { counts, logged, stop, frame, listeners };
}

describe('periodic work', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('begins with the first frame and goes on at its pace, whatever further frames come', async () => {
    const { counts, frame, listeners } = setup(async () => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    expect(counts.runs).toBe(0);
    frame();
    frame();
    expect(counts.runs).toBe(1);
    expect(listeners.size).toBe(0);
    await vi.advanceTimersByTimeAsync(3000);
    expect(counts).toEqual({ runs: 4, busy: 0 });
  });

  it('leaves out what would run beside the one before, and makes none of it up', async () => {
    const { counts, frame } = setup(() => new Promise((resolve) => setTimeout(resolve, 2500)));
    frame();
    await vi.advanceTimersByTimeAsync(2000);
    expect(counts).toEqual({ runs: 1, busy: 2 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(counts).toEqual({ runs: 2, busy: 2 });
  });

  it('goes on after a failure, and says once what fails again and again', async () => {
    const faults = ['no', 'no', 'other', ''];
    const { counts, logged, frame } = setup(async () => {
      const fault = faults.shift();
      if (fault) throw new SamwireError('model_failed', fault);
    });
    frame();
    await vi.advanceTimersByTimeAsync(3000);
    expect(counts.runs).toBe(4);
    expect(logged).toEqual([
      ['warn', 'no'],
      ['debug', 'no'],
      ['warn', 'other'],
    ]);
  });

  it('stops for good, before and after the first frame, and tells of no failure then', async () => {
    const early = setup(async () => undefined);
    early.stop();
    early.frame();
    let fail = () => {};
    const late = setup(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(new SamwireError('overloaded', 'The node is stopping.'));
        }),
    );
    late.frame();
    late.stop();
    fail();
    await vi.advanceTimersByTimeAsync(5000);
    expect([early.counts.runs, late.counts.runs]).toEqual([0, 1]);
    expect(late.logged).toEqual([]);
  });
});
