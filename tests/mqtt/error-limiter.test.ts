import { expect, it } from 'vitest';
import { ErrorLimiter } from '../../src/mqtt/error-limiter.js';

it('tells one error of a kind in ten seconds, with the number of those in between', () => {
  let now = 0;
  const limiter = new ErrorLimiter(() => now);
  expect(limiter.admit('a')).toBe(0);
  for (let i = 0; i < 5; i += 1) expect(limiter.admit('a')).toBeNull();
  expect(limiter.admit('b')).toBe(0);
  now = 9999;
  expect(limiter.admit('a')).toBeNull();
  now = 10_000;
  expect(limiter.admit('a')).toBe(6);
  expect(limiter.admit('a')).toBeNull();
});

it('remembers 256 kinds', () => {
  const limiter = new ErrorLimiter(() => 0);
  for (let i = 0; i <= 256; i += 1) limiter.admit(String(i));
  expect(limiter.admit('256')).toBeNull();
  expect(limiter.admit('0')).toBe(0);
});
