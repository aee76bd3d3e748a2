import { describe, expect, it } from 'vitest';
import type { Part, Precision } from '../../src/build/identity.js';
import { climbDown, type Pair, rungs } from '../../src/build/ladder.js';
import type { Trial } from '../../src/build/record.js';
import { ChildDiedError } from '../../src/build/run-task.js';
import { SamwireError, UnavailableError } from '../../src/errors.js';
import { trialOf } from './records.js';

const names = (pairs: readonly Pair[]): string[] =>
  pairs.map(({ encoder, decoder }) => `${encoder}+${decoder}`);

describe('the rungs', () => {
  it('go from the wish down to fp32, the encoder last', () => {
    expect(names(rungs({ encoder: 'fp16', decoder: 'mixed' }, null))).toEqual([
      'fp16+mixed',
      'fp16+fp32',
      'mixed+mixed',
      'mixed+fp32',
      'fp32+mixed',
      'fp32+fp32',
    ]);
  });

  it('begin at the wish, never above it', () => {
    expect(names(rungs({ encoder: 'fp32', decoder: 'fp32' }, null))).toEqual(['fp32+fp32']);
    expect(names(rungs({ encoder: 'mixed', decoder: 'fp32' }, null))).toEqual(['mixed+fp32', 'fp32+fp32']);
  });

  it('of a quantised encoder leave it as it is: its file has no other precision', () => {
    expect(names(rungs({ encoder: 'int8', decoder: 'mixed' }, null))).toEqual(['int8+mixed', 'int8+fp32']);
  });

  it('are one where a precision is forced', () => {
    expect(names(rungs({ encoder: 'fp16', decoder: 'mixed' }, 'fp16'))).toEqual(['fp16+fp16']);
  });
});

/** Builds and tests at the edge: `good` says which pairs pass, `fault` what a build or test throws. */
function edges({
  good = () => true,
  fault = () => undefined,
}: {
  good?: (pair: Pair) => boolean;
  fault?: (what: string) => Error | undefined;
}) {
  const calls: string[] = [];
  const act = (what: string): void => {
    calls.push(what);
    const error = fault(what);
    if (error) throw error;
  };
  return {
    calls,
    build: async (part: Part, precision: Precision): Promise<string> => {
      act(`${part} ${precision}`);
      return `${part}-${precision}`;
    },
    test: async (pair: Pair): Promise<Trial> => {
      act(`test ${pair.encoder}+${pair.decoder}`);
      return trialOf({ ...pair, passed: good(pair) });
    },
  };
}

const PAIRS = rungs({ encoder: 'fp16', decoder: 'mixed' }, null);

describe('the ladder', () => {
  it('ends at the first pair that passes', async () => {
    const edge = edges({});
    const { chosen, trials } = await climbDown(PAIRS, edge);
    expect(chosen).toEqual({ encoder: 'encoder-fp16', decoder: 'decoder-mixed' });
    expect(trials).toHaveLength(1);
    expect(edge.calls).toEqual(['encoder fp16', 'decoder mixed', 'test fp16+mixed']);
  });

  it('builds each part in each precision once, and not before it is its turn', async () => {
    const edge = edges({ good: ({ encoder }) => encoder === 'mixed' });
    const { chosen, trials } = await climbDown(PAIRS, edge);
    expect(chosen).toEqual({ encoder: 'encoder-mixed', decoder: 'decoder-mixed' });
    expect(trials.map(({ passed }) => passed)).toEqual([false, false, true]);
    expect(edge.calls).toEqual([
      'encoder fp16',
      'decoder mixed',
      'test fp16+mixed',
      'decoder fp32',
      'test fp16+fp32',
      'encoder mixed',
      'test mixed+mixed',
    ]);
  });

  it('finds the decoder at fault as well as the encoder', async () => {
    const { chosen } = await climbDown(PAIRS, edges({ good: ({ decoder }) => decoder === 'fp32' }));
    expect(chosen).toEqual({ encoder: 'encoder-fp16', decoder: 'decoder-fp32' });
  });

  it('has tried all when none passes', async () => {
    const { chosen, trials } = await climbDown(PAIRS, edges({ good: () => false }));
    expect(chosen).toBeNull();
    expect(names(trials)).toEqual(names(PAIRS));
  });

  it('leaves a pair out that is another by name only', async () => {
    const edge = edges({ good: ({ encoder }) => encoder === 'fp32' });
    const skip = async ({ encoder }: Pair) => encoder === 'mixed';
    const { trials } = await climbDown(PAIRS, { ...edge, skip });
    expect(names(trials)).toEqual(['fp16+mixed', 'fp16+fp32', 'fp32+mixed']);
    expect(edge.calls).not.toContain('encoder mixed');
  });

  it('goes on after a build that fails, and does not try it again', async () => {
    const failed = new SamwireError('model_failed', 'no such kernel');
    const edge = edges({ fault: (what) => (what === 'encoder fp16' ? failed : undefined) });
    const { chosen, trials } = await climbDown(PAIRS, edge);
    expect(chosen?.encoder).toBe('encoder-mixed');
    expect(trials.map(({ problem }) => problem)).toEqual([
      'encoder fp16: no such kernel',
      'encoder fp16: no such kernel',
      undefined,
    ]);
    expect(edge.calls.filter((call) => call === 'encoder fp16')).toHaveLength(1);
  });

  it('takes a self-test that crashes for one that failed', async () => {
    const crash = new ChildDiedError('self-test', false, 'crashed (SIGSEGV).');
    const { chosen, trials } = await climbDown(
      PAIRS,
      edges({ fault: (what) => (what === 'test fp16+mixed' ? crash : undefined) }),
    );
    expect(chosen).toEqual({ encoder: 'encoder-fp16', decoder: 'decoder-fp32' });
    expect(trials[0]).toMatchObject({ passed: false, problem: expect.stringContaining('SIGSEGV') });
  });

  it.each([
    ['a lost GPU', new SamwireError('device_failed', 'the GPU is lost')],
    ['lack of memory', new ChildDiedError('build', true, 'was killed')],
    ['being stopped', new UnavailableError('stopped')],
  ])('ends at once for %s: the next rung would fare no better', async (_, error) => {
    const edge = edges({ fault: (what) => (what.startsWith('decoder') ? error : undefined) });
    await expect(climbDown(PAIRS, edge)).rejects.toBe(error);
    expect(edge.calls).toEqual(['encoder fp16', 'decoder mixed']);
  });
});
