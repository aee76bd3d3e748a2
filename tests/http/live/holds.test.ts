import { describe, expect, it } from 'vitest';
import { Holds, MAX_HOLDS } from '../../../src/http/live/holds.js';

function setup() {
  const clock = { now: 0 };
  let out = 0;
  const camera = {
    name: 'front',
    hold: (seq: number) => {
      if (seq > 100) return null;
      out += 1;
      return {
        frame: { seq },
        release: () => {
          out -= 1;
        },
      } as never;
    },
  };
  const holds = new Holds(() => clock.now);
  const expired: string[] = [];
  const hold = (seq: number) =>
    holds.hold({ camera, seq, onExpired: (problem) => void expired.push(problem) });
  return { holds, hold, clock, expired, out: () => out };
}

describe('frames that pages hold', () => {
  it('are 32 at most; the next one is told what to do', () => {
    const { hold, out } = setup();
    const held = Array.from({ length: MAX_HOLDS }, (_, i) => hold(i));
    expect(hold(50)).toMatchObject({ problem: expect.stringMatching(/at most 32 .* release one/) });
    expect(out()).toBe(MAX_HOLDS);
    const release = held[0];
    if (typeof release !== 'function') throw new Error('expected to hold it');
    release();
    release();
    expect(out()).toBe(MAX_HOLDS - 1);
    expect(hold(50)).toBeTypeOf('function');
  });

  it('are told of where the frame is gone', () => {
    expect(setup().hold(101)).toMatchObject({ problem: expect.stringMatching(/101 of front is not held/) });
  });

  it('are let go of after five minutes without a prompt on them', () => {
    const { holds, hold, clock, expired, out } = setup();
    hold(1);
    hold(2);
    clock.now = 299_000;
    expect([holds.used('front', 1), holds.used('gate', 2), holds.used('front', 3)]).toEqual([
      true,
      false,
      false,
    ]);
    holds.expire();
    expect(out()).toBe(2);
    clock.now = 301_000;
    holds.expire();
    expect([out(), expired.length]).toEqual([1, 1]);
    expect(expired[0]).toMatch(/5 minutes without a prompt/);
    clock.now = 600_000;
    holds.expire();
    expect(out()).toBe(0);
  });
});
