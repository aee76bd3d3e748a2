import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/config/nearest.js';

describe('the edit distance', () => {
  it.each([
    ['', '', 0],
    ['fps', 'fps', 0],
    ['fsp', 'fps', 1],
    ['fp', 'fps', 1],
    ['fpps', 'fps', 1],
    ['fqs', 'fps', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['ca', 'abc', 3],
  ])('from "%s" to "%s" is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is the same both ways, 0 for equal words only, and never above the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('the nearest word', () => {
  const known = ['maxAgeMs', 'maxImagePixels', 'queue', 'url'];

  it('counts case and underscores for nothing', () => {
    expect(nearest('max_age_ms', known)).toBe('maxAgeMs');
    expect(nearest('MAXAGEMS', known)).toBe('maxAgeMs');
  });

  it('is none where nothing is near', () => {
    expect(nearest('password', known)).toBeUndefined();
    expect(nearest('', known)).toBeUndefined();
    expect(nearest('x'.repeat(100_000), known)).toBeUndefined();
  });
});
