import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { checkEverythingRequest, MAX_EVERYTHING_BOXES } from '../../src/prompts/everything.js';

function refused(value: Record<string, unknown>): SamwireError {
  try {
    checkEverythingRequest(value);
  } catch (error) {
    if (error instanceof SamwireError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('a request for everything', () => {
  it('needs a camera only', () => {
    expect(checkEverythingRequest({ camera: 'front' })).toEqual({
      camera: 'front',
      options: {},
      normalized: false,
      edges: false,
      frame: 'latest',
    });
  });

  it('hands on what it sets, and nothing else', () => {
    const options = {
      grid: 16,
      minScore: 0.5,
      minStability: 0,
      nmsIou: 0.6,
      minRegionArea: 100,
      maxMasks: 20,
      cropLayers: 1,
      cropOverlap: 0.3,
      cropPointsDownscale: 2,
      cropNmsIou: 0.5,
    };
    const frame = { timestamp: 5 };
    expect(
      checkEverythingRequest({
        transaction: 't',
        camera: 'front',
        strategy: 'grid',
        frame,
        maxAgeMs: 100,
        encodings: ['png', 'png'],
        edges: true,
        unknown: true,
        ...options,
      }),
    ).toEqual({
      camera: 'front',
      strategy: 'grid',
      options,
      normalized: false,
      edges: true,
      frame: { timestamp: 5, toleranceMs: 50 },
      maxAgeMs: 100,
      encodings: ['png'],
    });
  });

  it('means the strategy boxes where it brings boxes', () => {
    const boxes = [[0, 0, 0.5, 1]];
    expect(checkEverythingRequest({ camera: 'front', boxes, normalized: true })).toMatchObject({
      strategy: 'boxes',
      boxes,
      normalized: true,
    });
    expect(refused({ camera: 'front', boxes, strategy: 'grid' })).toMatchObject({
      code: 'invalid_message',
      details: [{ path: 'strategy', got: '"grid"' }],
    });
  });

  it('names every fault at once', () => {
    const error = refused({
      camera: 'a b',
      strategy: 'all',
      grid: 129,
      boxes: [],
      minStability: -0.1,
      minRegionArea: 0.5,
      maxMasks: 0,
      cropLayers: 9,
      edges: 1,
      frame: 'oldest',
      encodings: ['jpeg'],
    });
    expect(error.code).toBe('invalid_message');
    expect(error.details.map(({ path }) => path)).toEqual([
      'camera',
      'strategy',
      'grid',
      'boxes',
      'minStability',
      'minRegionArea',
      'maxMasks',
      'cropLayers',
      'edges',
      'frame',
      'encodings[0]',
    ]);
    expect(error.details[1]).toEqual({
      path: 'strategy',
      expected: 'one of grid, hierarchical, boxes',
      got: '"all"',
    });
  });

  it('has a bounded number of boxes', () => {
    const box = [0, 0, 1, 1];
    const boxes = (count: number) => ({ camera: 'front', boxes: Array.from({ length: count }, () => box) });
    expect(checkEverythingRequest(boxes(MAX_EVERYTHING_BOXES)).boxes).toHaveLength(MAX_EVERYTHING_BOXES);
    expect(refused(boxes(MAX_EVERYTHING_BOXES + 1))).toMatchObject({
      code: 'too_many_prompts',
      details: [{ path: 'boxes', got: String(MAX_EVERYTHING_BOXES + 1) }],
    });
  });
});
