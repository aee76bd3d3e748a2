import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { ShapeMismatch } from '../../src/mend/fact.js';
import { inferFacts } from '../../src/mend/infer.js';
import { EditableGraph } from '../../src/onnx/graph.js';
import { readModel } from '../../src/onnx/model.js';
import { type Attribute, GraphBuilder, type Value } from '../graphs/builder.js';
import { semanticDecoder, semanticEncoder } from '../graphs/semantic.js';
import { FAMILIES, semanticModel } from '../graphs/semantics.js';
import { trapDecoder } from './traps.js';

const OPTIONS = { intraOpNumThreads: 1, logSeverityLevel: 4, graphOptimizationLevel: 'disabled' } as const;

/** A tensor of int64 as a shape computation has it: few elements, small numbers. */
interface Ints {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const ints = (dims: readonly number[]): fc.Arbitrary<Ints> => {
  const count = dims.reduce((a, b) => a * b, 1);
  return fc
    .array(fc.integer({ min: 1, max: 4 }), { minLength: count, maxLength: count })
    .map((data) => ({ dims, data }));
};
const anyInts = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }).chain(ints);
const matrix = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(ints);

/** One node over constants, and what onnxruntime says of it. */
interface Case {
  readonly op: string;
  readonly inputs: readonly Ints[];
  readonly attributes?: Record<string, Attribute>;
}

const one =
  (op: string, attributes?: Record<string, Attribute>) =>
  (...inputs: Ints[]): Case => ({
    op,
    inputs,
    ...(attributes ? { attributes } : {}),
  });
const vector = (...data: number[]): Ints => ({ dims: [data.length], data });

const CASES: fc.Arbitrary<Case> = fc.oneof(
  ...['Add', 'Sub', 'Mul', 'Div', 'Equal', 'Greater', 'Less', 'Max', 'Min'].map((op) =>
    fc.tuple(anyInts, anyInts).map((x) => one(op)(...x)),
  ),
  ...['Neg', 'Abs', 'Identity', 'Shape', 'Size'].map((op) => anyInts.map((x) => one(op)(x))),
  ...['ReduceSum', 'ReduceMax', 'ReduceMin', 'ReduceProd'].map((op) =>
    fc.tuple(matrix, fc.integer({ min: 0, max: 1 })).map(([x, keepdims]) => one(op, { keepdims })(x)),
  ),
  fc.tuple(matrix, fc.integer({ min: -2, max: 1 })).map(([x, axis]) => one('Concat', { axis })(x, x, x)),
  fc
    .tuple(matrix, fc.integer({ min: -2, max: 1 }), fc.integer({ min: -1, max: 0 }), anyInts)
    .map(([x, axis, at, shape]) =>
      one('Gather', { axis })(x, { dims: shape.dims, data: shape.data.map(() => at) }),
    ),
  fc
    .tuple(
      matrix,
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: -5, max: 5 }),
      fc.integer({ min: 0, max: 1 }),
      fc.constantFrom(1, 2, -1),
    )
    .map(([x, start, end, axis, step]) =>
      one('Slice')(x, vector(start), vector(end), vector(axis), vector(step)),
    ),
  matrix.map((x) => one('Transpose', { perm: [1, 0] })(x)),
  matrix.map((x) => one('Transpose')(x)),
  matrix.map((x) => one('Reshape')(x, vector(-1, 1))),
  matrix.map((x) => one('Reshape')(x, vector(0, 1, -1))),
  fc.tuple(matrix, fc.integer({ min: -2, max: 2 })).map(([x, axis]) => one('Flatten', { axis })(x)),
  fc.tuple(matrix, fc.integer({ min: -3, max: 2 })).map(([x, axis]) => one('Unsqueeze')(x, vector(axis))),
  ints([1, 3, 1]).map((x) => one('Squeeze')(x, vector(0, -1))),
  ints([1, 3, 1]).map((x) => one('Squeeze')(x)),
  fc.tuple(ints([3, 1]), fc.integer({ min: 1, max: 3 })).map(([x, n]) => one('Expand')(x, vector(2, 1, n))),
  fc.tuple(matrix, ints([2])).map((x) => one('Tile')(...x)),
  fc
    .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }), fc.constantFrom(1, 3, -2))
    .map((x) => one('Range')(...x.map((value): Ints => ({ dims: [], data: [value] })))),
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -2, max: 1 }))
    .map(([hot, axis]) => one('OneHot', { axis })(vector(hot), { dims: [], data: [5] }, vector(1, 7))),
  fc.integer({ min: 1, max: 5 }).map((n) => one('Cast', { to: 9 })(vector(n, 0, -n))),
);

function graphOf({ op, inputs, attributes }: Case): Uint8Array {
  const g = new GraphBuilder({ name: op });
  const values = inputs.map(({ dims, data }): Value => {
    const flat = g.ints(data);
    return dims.length === 1 && dims[0] === data.length ? flat : g.node('Reshape', [flat, g.ints(dims)]);
  });
  const result = g.node(op, values, attributes);
  // onnxruntime-node hands out no bool as numbers; all results are read as int64.
  g.output(g.node('Cast', [result], { to: 7 }), 'y', ['a'], 'int64');
  return g.toBytes();
}

describe('inferFacts', () => {
  it('finds the values that onnxruntime finds, of every operator that shapes are made of', async () => {
    await fc.assert(
      fc.asyncProperty(CASES, async (example) => {
        const bytes = graphOf(example);
        const model = readModel(bytes);
        for (const output of model.graph?.output ?? []) output.type = { tensorType: { elemType: 7 } };
        let answer: Tensor | undefined;
        try {
          const session = await InferenceSession.create(bytes, OPTIONS);
          answer = (await session.run({})).y;
          await session.release();
        } catch {
          // Shapes that do not fit together: inferred ones must say so as well.
          expect(() => inferFacts(new EditableGraph(model), new Map())).toThrow(ShapeMismatch);
          return;
        }
        const fact = inferFacts(new EditableGraph(model), new Map()).get('y');
        expect({ dims: fact?.dims, values: fact?.values }).toEqual({
          dims: answer?.dims,
          values: Array.from(answer?.data as BigInt64Array, Number),
        });
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ...FAMILIES.map(
      (family) => [`${family} encoder`, semanticEncoder(semanticModel(family, { size: 64 }))] as const,
    ),
    ...FAMILIES.map(
      (family) => [`${family} decoder`, semanticDecoder(semanticModel(family, { size: 64 }))] as const,
    ),
    ['traps', trapDecoder({ repeat: 'one-hot' })] as const,
  ])('finds the shapes that onnxruntime finds: %s', async (_, bytes) => {
    const session = await InferenceSession.create(bytes, OPTIONS);
    const feeds: Record<string, Tensor> = {};
    const sizes = new Map<string, readonly number[]>();
    for (const meta of session.inputMetadata) {
      if (!meta.isTensor) continue;
      const dims = meta.shape.map((length, i) =>
        typeof length === 'number' && length > 0 ? length : 2 + (i % 2),
      );
      const count = dims.reduce((a, b) => a * b, 1);
      const values = Array.from({ length: count }, () => 64);
      feeds[meta.name] =
        meta.type === 'int64'
          ? new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
          : new Tensor('float32', Float32Array.from(values), dims);
      sizes.set(meta.name, dims);
    }
    // All free lengths of a prompt agree: [B,N,2] and [B,N] have B = 2, N = 3.
    const facts = inferFacts(new EditableGraph(readModel(bytes)), sizes);
    const answer = await session.run(feeds);
    for (const name of session.outputNames) {
      const dims = facts.get(name)?.dims;
      // Full-size masks depend on the picture's size, which is data.
      if (!['masks', 'output_masks'].includes(name) || session.inputNames.indexOf('orig_im_size') < 0)
        expect(dims).toEqual(answer[name]?.dims);
    }
    await session.release();
  });

  it('names the node at which sizes do not fit together', () => {
    const g = new GraphBuilder({ name: 'misfit' });
    g.output(g.node('Add', [g.input('x', ['n']), g.floats([1, 2, 3], [3])]), 'y', ['n']);
    const graph = new EditableGraph(readModel(g.toBytes()));
    expect(inferFacts(graph, new Map([['x', [1]]])).get('y')?.dims).toEqual([3]);
    expect(() => inferFacts(graph, new Map([['x', [2]]]))).toThrow(/Add_0: \[2\] and \[3\] do not broadcast/);
  });
});
