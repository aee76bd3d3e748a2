import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import { type Asking, RateLimits } from '../../../src/pipeline/schedule/rate-limits.js';

const codeOf = (limits: RateLimits, asking: Asking): string | undefined => {
  try {
    limits.check(asking);
    return undefined;
  } catch (thrown) {
    return thrown instanceof SamwireError ? thrown.code : String(thrown);
  }
};

describe('the rate limits', () => {
  it('count a client over all that it asks for, on all cameras', () => {
    const limits = new RateLimits({ perCameraPerSec: 100, perClientPerSec: 3 });
    const client = 'reply/a';
    expect(codeOf(limits, { what: 'prompt', camera: 'front', client })).toBeUndefined();
    expect(codeOf(limits, { what: 'everything', camera: 'front', client })).toBeUndefined();
    expect(codeOf(limits, { what: 'prompt', camera: 'back', client })).toBeUndefined();
    expect(codeOf(limits, { what: 'detections', camera: 'front', client })).toBe('rate_limited');
    expect(codeOf(limits, { what: 'prompt', camera: 'front', client: 'reply/b' })).toBeUndefined();
    expect(codeOf(limits, { what: 'prompt', camera: 'front' })).toBeUndefined();
  });

  it('count a camera by what is asked of it, so that a detector leaves prompts theirs', () => {
    const limits = new RateLimits({ perCameraPerSec: 1, perClientPerSec: 100 });
    expect(codeOf(limits, { what: 'detections', camera: 'front' })).toBeUndefined();
    expect(codeOf(limits, { what: 'detections', camera: 'front' })).toBe('rate_limited');
    expect(codeOf(limits, { what: 'prompt', camera: 'front' })).toBeUndefined();
    expect(codeOf(limits, { what: 'everything', camera: 'front' })).toBeUndefined();
    expect(codeOf(limits, { what: 'everything', camera: 'front' })).toBe('rate_limited');
    expect(codeOf(limits, { what: 'prompt', camera: 'back' })).toBeUndefined();
  });
});
