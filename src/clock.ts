/** What is added to `performance.now()`; kept within what `Date.now()` allows. */
let offsetMs = performance.timeOrigin;

/**
 * Milliseconds since the Unix epoch with their fraction, as capture times have it. Where stages are told by the
 * microsecond, two readings of `Date.now()` would add up to a millisecond of nothing. It is never off `Date.now()` by
 * more than that one's millisecond, also when somebody sets the clock.
 */
export function wallClockMs(): number {
  const monotonicMs = performance.now();
  const earliestMs = Date.now();
  offsetMs = Math.min(Math.max(offsetMs, earliestMs - monotonicMs), earliestMs + 1 - monotonicMs);
  return offsetMs + monotonicMs;
}
