import { describe, expect, it, vi } from 'vitest';
import { ReadSometimes } from '../../src/metrics/read-sometimes.js';

describe('what is read sometimes', () => {
  it('is read once for all who ask at a time, and again when it is old', async () => {
    let nowMs = 0;
    const source = vi.fn(async () => source.mock.calls.length);
    const read = new ReadSometimes(source, -1, { keepMs: 100, now: () => nowMs });
    expect(await Promise.all([read.read(), read.read(), read.read()])).toEqual([1, 1, 1]);
    nowMs = 99;
    expect(await read.read()).toBe(1);
    nowMs = 100;
    expect(await read.read()).toBe(2);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
  ])('is nothing where the source %s, and is tried again', async (_how, fails: () => Promise<number>) => {
    let works = false;
    let nowMs = 0;
    const read = new ReadSometimes(() => (works ? Promise.resolve(7) : fails()), -1, { now: () => nowMs });
    expect(await read.read()).toBe(-1);
    works = true;
    nowMs = 1000;
    expect(await read.read()).toBe(7);
  });

  it('is nothing where the source hangs, which is not asked twice meanwhile', async () => {
    let settle: (value: number) => void = () => {};
    const source = vi.fn(() => new Promise<number>((resolve) => (settle = resolve)));
    const read = new ReadSometimes(source, -1, { patienceMs: 5 });
    expect(await read.read()).toBe(-1);
    expect(await read.read()).toBe(-1);
    expect(source).toHaveBeenCalledTimes(1);
    settle(7);
    expect(await read.read()).toBe(7);
  });
});
