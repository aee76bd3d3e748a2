import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { COORDS, HAS_MASK_INPUTS, LABELS, MASK_INPUTS, ORIG_SIZES } from '../models/decoder-roles.js';
import { isPoints, promptAxis } from './prompt-axes.js';

export interface ProofCase {
  /** Prompts in the mended graph's run; the original answers them one by one. */
  readonly prompts: number;
  /** Points of each prompt. */
  readonly points: number;
}

export interface Proof {
  readonly proven: boolean;
  /** The greatest difference of an output, in units of the output's greatest value or of 1 where that is more. */
  readonly maxDelta: number;
  /** Why it is not proven, in a sentence. */
  readonly reason?: string;
}

/** A difference in this much is another order of the same sums in FP32 (64 prompts of NanoSAM in a run: 2e-5). */
const TOLERANCE = 1e-4;
const THOROUGH: readonly ProofCase[] = [
  { prompts: 2, points: 1 },
  { prompts: 3, points: 2 },
  { prompts: 3, points: 5 },
];

/** Four runs of one prompt's cost: what a load can afford (NanoSAM's decoder on two CPU cores: 0.5 s). */
export const QUICK: readonly ProofCase[] = [{ prompts: 2, points: 2 }];

/**
 * Runs a mended decoder and its original on the same random inputs: the first prompt by itself, and several in one run against
 * as many runs of the original, every other one with a mask.
 */
export async function proveMended(
  original: InferenceSession,
  mended: InferenceSession,
  cases: readonly ProofCase[] = THOROUGH,
): Promise<Proof> {
  let maxDelta = 0;
  try {
    for (const [i, one] of cases.entries()) {
      const prompts = takesMany(mended) ? one.prompts : 1;
      maxDelta = Math.max(maxDelta, await compare(original, mended, { ...one, prompts }, i));
    }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    return { proven: false, maxDelta: Number.POSITIVE_INFINITY, reason: `A run failed: ${why.trim()}` };
  }
  // NaN is no proof either.
  if (maxDelta <= TOLERANCE) return { proven: true, maxDelta };
  return { proven: false, maxDelta, reason: `Its answers differ from the original's by ${maxDelta}.` };
}

function takesMany(session: InferenceSession): boolean {
  const coords = session.inputMetadata.find(({ name }) => COORDS.includes(name));
  const length = coords?.isTensor ? coords.shape[coords.shape.length - 3] : 1;
  return typeof length !== 'number' || length <= 0;
}

function axisOf(session: InferenceSession, name: string): number | undefined {
  const meta = session.inputMetadata.find((input) => input.name === name);
  return promptAxis(name, meta?.isTensor ? meta.shape.length : 0);
}

async function compare(
  original: InferenceSession,
  mended: InferenceSession,
  { prompts, points }: ProofCase,
  seed: number,
): Promise<number> {
  const random = generator(seed + 1);
  const rows = Array.from({ length: prompts }, (_, row) => feedsOf(original, points, row, random));
  const [first = {}] = rows;
  const names = mended.inputMetadata.map(({ name }) => name);
  const single = await mended.run(Object.fromEntries(names.map((name) => [name, first[name] as Tensor])));
  const together: Record<string, Tensor> = {};
  for (const { name } of mended.inputMetadata) {
    const given = rows.map((row) => row[name]).filter((tensor) => tensor !== undefined);
    const axis = axisOf(mended, name);
    together[name] = axis === undefined ? (first[name] as Tensor) : joined(given, axis);
  }
  const answer = await mended.run(together);
  let delta = 0;
  for (const [row, feeds] of rows.entries()) {
    // The embedding is the frame's, so that all rows have it.
    const alone = await original.run({ ...first, ...feeds }, mended.outputNames as string[]);
    for (const name of mended.outputNames) {
      delta = Math.max(delta, difference(alone[name], answer[name], row, prompts));
      if (row === 0) delta = Math.max(delta, difference(alone[name], single[name], 0, 1));
    }
  }
  return delta;
}

/** What one prompt gives a decoder that was exported for one. */
function feedsOf(
  session: InferenceSession,
  points: number,
  row: number,
  random: () => number,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor) throw new Error(`its input ${meta.name} is no tensor`);
    const axis = axisOf(session, meta.name);
    if (row > 0 && axis === undefined) continue;
    const pointAxis = axis !== undefined && isPoints(meta.name) ? axis + 1 : -1;
    const dims = meta.shape.map((length, i) =>
      typeof length === 'number' && length > 0 ? length : i === pointAxis ? points : 1,
    );
    const count = dims.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, () => valueFor(meta.name, row, random));
    feeds[meta.name] = tensorOf(meta.type, values, dims);
  }
  return feeds;
}

function valueFor(name: string, row: number, random: () => number): number {
  if (COORDS.includes(name)) return Math.floor(random() * 1000);
  if (LABELS.includes(name)) return Math.floor(random() * 5) - 1;
  if (HAS_MASK_INPUTS.includes(name)) return row % 2;
  if (ORIG_SIZES.includes(name)) return 1000;
  const spread = MASK_INPUTS.includes(name) ? 10 : 2;
  return (random() + random() - 1) * spread;
}

function tensorOf(type: string, values: readonly number[], dims: readonly number[]): Tensor {
  if (type === 'int64') return new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  if (type === 'int32') return new Tensor('int32', Int32Array.from(values), dims);
  if (type === 'float32') return new Tensor('float32', Float32Array.from(values), dims);
  throw new Error(`an input is ${type}`);
}

/** All dimensions before the axis are 1, so that rows lie one after the other. */
function joined(rows: readonly Tensor[], axis: number): Tensor {
  const [first] = rows;
  if (!first) throw new Error('an input that the original does not have');
  const dims = first.dims.with(axis, (first.dims[axis] ?? 1) * rows.length);
  const all = rows.flatMap((row) => Array.from(row.data as Float32Array, Number));
  return tensorOf(first.type, all, dims);
}

function difference(alone: Tensor | undefined, all: Tensor | undefined, row: number, rows: number): number {
  if (!(alone?.data instanceof Float32Array) || !(all?.data instanceof Float32Array)) return Number.NaN;
  const [expected, every] = [alone.data, all.data];
  if (every.length !== expected.length * rows) return Number.POSITIVE_INFINITY;
  let scale = 1;
  let worst = 0;
  for (const [i, value] of expected.entries()) {
    const other = every[row * expected.length + i] ?? Number.NaN;
    if (Object.is(value, other)) continue;
    if (!Number.isFinite(value) || !Number.isFinite(other)) return Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(value));
    worst = Math.max(worst, Math.abs(value - other));
  }
  return worst / scale;
}

/** Evenly spread numbers in 0..1 (Mulberry32), the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}
