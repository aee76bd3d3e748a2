import { type GraphIO, isFixed, type ModelContract } from '../models/contract.js';
import type { NativeBuildRequest } from '../native/build-types.js';
import type { Part } from './identity.js';

/** Prompts of one run, in steps: each has its CUDA graph (native/tensorrt/lane.h). */
export const BUCKETS = [1, 2, 4, 8, 16, 32, 64] as const;
/** What a node is asked most: some boxes (N = 2) on a frame. */
const USUAL = { prompts: 8, points: 2 } as const;
/** Pictures for an encoder that takes them as they are (`image.fit` native): shortest side, usual, longest. */
const PICTURES = {
  min: [64, 64],
  opt: [1080, 1920],
  max: [2160, 3840],
} as const;

type Range = NativeBuildRequest['shapes'][number];

/** The smallest bucket that holds so many prompts, 64 at most. */
export function bucketOf(prompts: number): number {
  return BUCKETS.find((bucket) => bucket >= prompts) ?? 64;
}

/** The optimisation profile of a graph: ranges of those inputs whose shape is not fixed. */
export function profileOf(part: Part, graph: GraphIO, contract: ModelContract, maxPrompts: number): Range[] {
  const ranges = part === 'encoder' ? pictureRange(contract) : promptRanges(contract, maxPrompts);
  const free = graph.inputs.filter(({ shape }) => !(shape ?? []).every(isFixed)).map(({ name }) => name);
  return ranges.filter(({ input }) => free.includes(input));
}

function pictureRange({ encoder }: ModelContract): Range[] {
  const { input, size } = encoder;
  const of = ([height, width]: readonly [number, number]) => [1, 3, height, width];
  if (size) {
    const fixed = of([size.height, size.width]);
    return [{ input, min: fixed, opt: fixed, max: fixed }];
  }
  return [{ input, min: of(PICTURES.min), opt: of(PICTURES.opt), max: of(PICTURES.max) }];
}

function promptRanges({ encoder, decoder }: ModelContract, maxPrompts: number): Range[] {
  const { inputs, grid, coordsRank, maxPoints, points } = decoder;
  const most = decoder.batch === 'free' ? maxPrompts : 1;
  const n = (count: number) => (points === 'free' ? Math.min(count, maxPoints) : points);
  const range = (input: string, shape: (prompts: number, points: number) => number[]): Range => ({
    input,
    min: shape(1, n(1)),
    opt: shape(Math.min(USUAL.prompts, most), n(USUAL.points)),
    max: shape(most, n(maxPoints)),
  });
  const lead = coordsRank === 4 ? [1] : [];
  const maskRows = (prompts: number) => (decoder.maskBatch === 'free' ? prompts : 1);
  const { maskInput, hasMaskInput } = inputs;
  return [
    range(inputs.embeddings, () => [1, ...encoder.embedding]),
    ...encoder.features.map(({ name, shape }) => range(name, () => [1, ...shape])),
    range(inputs.coords, (prompts, count) => [...lead, prompts, count, 2]),
    range(inputs.labels, (prompts, count) => [...lead, prompts, count]),
    ...(maskInput === undefined
      ? []
      : [range(maskInput, (prompts) => [maskRows(prompts), 1, grid.height, grid.width])]),
    ...(hasMaskInput === undefined ? [] : [range(hasMaskInput, (prompts) => [maskRows(prompts)])]),
  ];
}
