import type { Timing } from './types.js';

/**
 * Adds what has passed since the masks were there, and makes `captureToPublishMs` the sum of the stages, which are
 * rounded to microseconds.
 */
export function finishTiming(timing: Timing, publisherMs: number): Timing {
  const round = (ms: number): number => Math.round(ms * 1000) / 1000;
  const stages = {
    ageMs: round(timing.ageMs),
    queueMs: round(timing.queueMs),
    prepareMs: round(timing.prepareMs),
    encodeMs: round(timing.encodeMs),
    decodeMs: round(timing.decodeMs),
    maskMs: round(timing.maskMs),
    publishMs: round(timing.publishMs + publisherMs),
  };
  const captureToPublishMs = round(Object.values(stages).reduce((sum, ms) => sum + ms, 0));
  return { ...stages, captureToPublishMs, embeddingReused: timing.embeddingReused };
}
