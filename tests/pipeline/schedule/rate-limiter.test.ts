import { describe, expect, it } from 'vitest';
import { RateLimiter } from '../../../src/pipeline/schedule/rate-limiter.js';

describe('the rate limiter', () => {
  it('lets a second of requests through at once, then one for each interval', () => {
    let now = 0;
    const limiter = new RateLimiter(10, { now: () => now });
    const taken = () => Array.from({ length: 20 }, () => limiter.take('a')).filter(Boolean).length;
    expect(taken()).toBe(10);
    now = 250;
    expect(taken()).toBe(2);
    now = 60_000;
    expect(taken()).toBe(10);
  });

  it('counts each key by itself', () => {
    const limiter = new RateLimiter(1, { now: () => 0 });
    expect([limiter.take('a'), limiter.take('a'), limiter.take('b')]).toEqual([true, false, true]);
  });

  it('serves a rate below one a second', () => {
    let now = 0;
    const limiter = new RateLimiter(0.5, { now: () => now });
    expect([limiter.take('a'), limiter.take('a')]).toEqual([true, false]);
    now = 1999;
    expect(limiter.take('a')).toBe(false);
    now = 2001;
    expect(limiter.take('a')).toBe(true);
  });

  it('forgets the idlest key when there are too many, so that its memory is bounded', () => {
    const limiter = new RateLimiter(1, { maxKeys: 2, now: () => 0 });
    for (const key of ['a', 'b', 'c']) limiter.take(key);
    expect(limiter.take('c')).toBe(false);
    expect(limiter.take('a')).toBe(true);
  });
});
