import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../src/frames/backoff.js';

function backoff() {
  return createBackoff({ firstMs: 1000, maxMs: 30_000, jitter: 0 });
}

const waits = (of: ReturnType<typeof backoff>, count: number): number[] =>
  Array.from({ length: count }, () => of.next());

describe('the waits between attempts', () => {
  it('grow up to a bound, and start anew when asked to', () => {
    const growing = backoff();
    expect(waits(growing, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    growing.reset();
    expect(growing.next()).toBe(1000);
  });

  it.each([
    [100, 30_000],
    [3000, 1000],
    [8000, 2000],
    [70_000, 16_000],
    [1_000_000, 30_000],
  ])('after something that held for %i ms begin at no more than a quarter of it', (heldMs, nextMs) => {
    const growing = backoff();
    waits(growing, 7);
    growing.held(heldMs);
    // What fell at once has earned nothing.
    expect(growing.next()).toBe(heldMs === 100 ? 30_000 : nextMs);
  });
});
