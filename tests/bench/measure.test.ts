import { describe, expect, it } from 'vitest';
import { distribution, interleave, residentBytes } from './measure.js';
import { table } from './report.js';

describe('distribution', () => {
  it('gives median and deciles between the samples where none falls on them', () => {
    expect(distribution([4, 1, 3, 2])).toEqual({ count: 4, median: 2.5, p10: 1.3, p90: 3.7, min: 1, max: 4 });
  });
});

describe('interleave', () => {
  it('lets each side begin in turn and keeps no warm-up', async () => {
    const calls: string[] = [];
    const side = (name: string) => async () => {
      calls.push(name);
      return calls.length;
    };
    const results = await interleave({ a: side('a'), b: side('b') }, { warmUp: 1, kept: 2 });
    expect(calls.slice(2)).toEqual(['a', 'b', 'b', 'a']);
    expect(results.a).toEqual([3, 6]);
    expect(results.b).toEqual([4, 5]);
  });
});

describe('residentBytes', () => {
  it('is what the process itself says, within what it allocates meanwhile', () => {
    const said = process.memoryUsage.rss();
    expect(Math.abs(residentBytes(process.pid) - said) / said).toBeLessThan(0.1);
  });
});

describe('table', () => {
  it('aligns numbers to the right with one decimal', () => {
    expect(
      table([
        { stage: 'encode', ms: 46.04 },
        { stage: 'mask', ms: 3 },
      ]),
    ).toBe(['stage     ms', '------  ----', 'encode  46.0', 'mask       3'].join('\n'));
  });
});
