import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/models/manifest.js';
import {
  type DecoderInputs,
  type DecoderInputsRequest,
  decoderInputs,
} from '../../src/prompts/decoder-inputs.js';
import type { FramePrompt } from '../../src/prompts/types.js';
import { manifest } from '../models/graphs.js';

const FRAME = { width: 1000, height: 500 };

const DECODER: DecoderInputsRequest['decoder'] = {
  inputs: { embeddings: 'e', coords: 'c', labels: 'l', maskInput: 'm', hasMaskInput: 'h' },
  batch: 'free',
  maskBatch: 'free',
  points: 'free',
  maxPoints: 10,
};

const box = (id: string): FramePrompt => ({ id, points: [], box: [100, 50, 300, 250] });
const point = (id: string, count = 1): FramePrompt => ({
  id,
  points: Array.from({ length: count }, (_, index) => ({ x: 10 * index, y: 20, label: index === 0 ? 1 : 0 })),
});
const MASK = { size: [500, 1000], counts: '' } as const;

function sam(prompt: Partial<Manifest['prompt']> = {}): Manifest {
  const base = manifest('sam');
  return { ...base, prompt: { ...base.prompt, ...prompt } };
}

function make(prompts: readonly FramePrompt[], change: Partial<DecoderInputsRequest> = {}): DecoderInputs {
  return decoderInputs({ prompts, frame: FRAME, manifest: sam(), decoder: DECODER, ...change });
}

describe('decoder inputs', () => {
  it('of a box are its corners in the letterboxed frame', () => {
    const [group] = make([box('a')]).groups;
    expect(group).toMatchObject({ promptIndices: [0], n: 2 });
    expect([...(group?.labels ?? [])]).toEqual([2, 3]);
    expect(group?.coords[0]).toBeCloseTo(102.4, 4);
    expect(group?.coords[1]).toBeCloseTo(51.2, 4);
    expect(group?.coords[3]).toBeCloseTo(256, 4);
  });

  it('of points alone end with a padding point where the family has one', () => {
    const [group] = make([point('a', 2)]).groups;
    expect([...(group?.labels ?? [])]).toEqual([1, 0, -1]);
    expect([...(group?.coords ?? [])].slice(4)).toEqual([0, 0]);
  });

  it.each([
    ['never', [1], [2, 3]],
    ['no-box', [1, -1], [2, 3]],
    ['always', [1, -1], [2, 3, -1]],
  ] as const)('follow the padding point rule %s', (paddingPoint, ofPoint, ofBox) => {
    const labelsOf = (prompt: FramePrompt): number[] => [
      ...(make([prompt], { manifest: sam({ paddingPoint }) }).groups[0]?.labels ?? []),
    ];
    expect(labelsOf(point('p'))).toEqual(ofPoint);
    expect(labelsOf(box('b'))).toEqual(ofBox);
  });

  it.each([
    ['points-first', [1, 2, 3]],
    ['corners-first', [2, 3, 1]],
  ] as const)('are in the order %s', (order, labels) => {
    const both: FramePrompt = { ...box('a'), points: [{ x: 1, y: 2, label: 1 }] };
    expect([...(make([both], { manifest: sam({ order }) }).groups[0]?.labels ?? [])]).toEqual(labels);
  });

  it('move points by the offset in source pixels, and leave corners where they are', () => {
    const both: FramePrompt = { ...box('a'), points: [{ x: 10, y: 20, label: 1 }] };
    const coords = make([both], { manifest: sam({ offset: 0.5 }) }).groups[0]?.coords ?? [];
    expect(coords[0]).toBeCloseTo(10.5 * 1.024, 4);
    expect(coords[1]).toBeCloseTo(20.5 * 1.024, 4);
    expect(coords[2]).toBeCloseTo(100 * 1.024, 4);
  });

  it('scale each axis by its own rounded size with rounding round, and both alike with floor', () => {
    const frame = { width: 1180, height: 760 };
    const at: FramePrompt = { id: 'a', points: [{ x: 590, y: 380, label: 1 }] };
    expect(make([at], { frame }).groups[0]?.coords[1]).toBe(330);
    expect(make([at], { frame, manifest: manifest('nanosam') }).groups[0]?.coords[1]).toBeCloseTo(
      329.7627,
      3,
    );
  });

  it('stay in source pixels where the frame is source', () => {
    const coords = make([box('a')], { manifest: manifest('efficientsam') }).groups[0]?.coords ?? [];
    expect([...coords]).toEqual([100, 50, 300, 250]);
  });

  it('scale both axes to the square where the frame is stretched', () => {
    const stretched: Manifest = {
      ...sam({ frame: 'stretch-1024' }),
      image: { ...sam().image, fit: 'stretch' },
    };
    const coords = make([box('a')], { manifest: stretched }).groups[0]?.coords ?? [];
    expect(coords[0]).toBeCloseTo(102.4, 4);
    expect(coords[1]).toBeCloseTo(102.4, 4);
  });

  it('move with the picture where it is centred', () => {
    const centred: Manifest = { ...sam(), image: { ...sam().image, fit: 'letterbox-centred' } };
    expect(make([box('a')], { manifest: centred }).groups[0]?.coords[1]).toBeCloseTo(51.2 + 256, 4);
  });
});

describe('prompts of one run', () => {
  it('have the same number of points, so that none is padded', () => {
    const { groups } = make([box('a'), point('b'), box('c'), point('d', 3)], {
      manifest: sam({ paddingPoint: 'never' }),
    });
    expect(groups.map(({ promptIndices, n }) => ({ promptIndices, n }))).toEqual([
      { promptIndices: [0, 2], n: 2 },
      { promptIndices: [1], n: 1 },
      { promptIndices: [3], n: 3 },
    ]);
  });

  it('are no more than the limit', () => {
    const { groups } = make([box('a'), box('b'), box('c'), box('d'), box('e')], { maxBatch: 2 });
    expect(groups.map(({ promptIndices }) => promptIndices)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('are one where the graph takes one', () => {
    const { groups } = make([box('a'), box('b')], { decoder: { ...DECODER, batch: 1 }, maxBatch: 8 });
    expect(groups.map(({ promptIndices }) => promptIndices)).toEqual([[0], [1]]);
  });

  it('do not share a run with a mask that would count for all of them', () => {
    const prompts = [box('a'), { ...box('b'), mask: MASK }, box('c'), { ...box('d'), refine: 'a' }];
    const shared = make(prompts, { decoder: { ...DECODER, maskBatch: 1 } }).groups;
    expect(shared.map(({ promptIndices }) => promptIndices)).toEqual([[0, 2], [1], [3]]);
    expect(make(prompts).groups.map(({ promptIndices }) => promptIndices)).toEqual([[0, 1, 2, 3]]);
  });

  it('are filled up where the graph was exported for a fixed number of points', () => {
    const { groups } = make([box('a'), point('b')], {
      decoder: { ...DECODER, points: 4, maxPoints: 4 },
      manifest: sam({ paddingPoint: 'never' }),
    });
    expect(groups).toHaveLength(1);
    expect([...(groups[0]?.labels ?? [])]).toEqual([2, 3, -1, -1, 1, -1, -1, -1]);
  });

  it('hold every prompt exactly once, whatever they are', () => {
    const anyPrompt = fc.record({
      points: fc.array(fc.record({ x: fc.nat(999), y: fc.nat(499), label: fc.constantFrom(0, 1) }), {
        maxLength: 14,
      }),
      box: fc.boolean(),
      refine: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(anyPrompt, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9 }),
        (drawn, maxBatch) => {
          const prompts = drawn.map(
            ({ points, box: boxed, refine }, index): FramePrompt => ({
              id: `${index}`,
              points: points.map(({ x, y, label }) => ({ x, y, label: label === 1 ? 1 : 0 })),
              ...(boxed ? { box: [1, 2, 30, 40] } : {}),
              ...(refine ? { refine: 'x' } : {}),
            }),
          );
          const { groups, refused } = make(prompts, { maxBatch });
          const indices = [
            ...groups.flatMap((group) => group.promptIndices),
            ...refused.map(({ index }) => index),
          ];
          expect(indices.sort((a, b) => a - b)).toEqual(prompts.map((_, index) => index));
          for (const { promptIndices, n, coords, labels } of groups) {
            expect(promptIndices.length).toBeLessThanOrEqual(maxBatch);
            expect(n).toBeGreaterThan(0);
            expect(n).toBeLessThanOrEqual(10);
            expect(coords.length).toBe(promptIndices.length * n * 2);
            expect(labels.length).toBe(promptIndices.length * n);
            expect(coords.every(Number.isFinite)).toBe(true);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a prompt that the model can not answer is refused alone', () => {
  it('with too many points', () => {
    const { groups, refused } = make([point('ok', 9), point('many', 10)]);
    expect(groups.map(({ promptIndices }) => promptIndices)).toEqual([[0]]);
    expect(refused).toMatchObject([{ index: 1, id: 'many', error: { code: 'unsupported_prompt' } }]);
    expect(refused[0]?.error.message).toContain('makes 11 points');
    expect(refused[0]?.error.message).toContain('at most 10');
  });

  it('with a mask for a model without mask input', () => {
    const { maskInput: _, ...inputs } = DECODER.inputs;
    const prompts = [{ ...box('m'), mask: MASK }, { ...box('r'), refine: 'a' }, box('b')];
    const { groups, refused } = make(prompts, { decoder: { ...DECODER, inputs } });
    expect(groups.map(({ promptIndices }) => promptIndices)).toEqual([[2]]);
    expect(refused.map(({ id, error }) => [id, error.code])).toEqual([
      ['m', 'unsupported_prompt'],
      ['r', 'unsupported_prompt'],
    ]);
  });

  it('but one of a mask alone is answered, by a padding point', () => {
    const { groups, refused } = make([{ id: 'm', points: [], mask: MASK }], {
      manifest: sam({ paddingPoint: 'never' }),
    });
    expect(refused).toEqual([]);
    expect([...(groups[0]?.labels ?? [])]).toEqual([-1]);
  });

  it('not for the padding that a fixed number of points needs', () => {
    const { refused } = make([box('a')], { decoder: { ...DECODER, points: 16, maxPoints: 10 } });
    expect(refused).toEqual([]);
  });
});
