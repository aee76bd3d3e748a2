import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { mendDecoder } from '../../src/mend/decoder.js';
import { fp32Nodes, typedGraph } from '../../src/mend/precision.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import type { ModelProto } from '../../src/onnx/schema.js';
import { graphSummary } from '../../src/onnx/summary.js';
import { GraphBuilder, type Value } from '../graphs/builder.js';
import { gelu, layerNorm2d } from '../graphs/layers.js';
import { nanosamDecoder } from '../graphs/nanosam-shaped.js';
import { semanticDecoder, semanticEncoder } from '../graphs/semantic.js';
import { FAMILIES, semanticModel } from '../graphs/semantics.js';
import { checkTypes } from './check-types.js';
import { roundHalves } from './round-halves.js';
import { trapDecoder } from './traps.js';

const OPTIONS = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
const bundled = (file: string): URL => new URL(`../../engines/samwire-tiny/${file}`, import.meta.url);
const hasBundled = existsSync(bundled('decoder.onnx'));

/** Every graph that the repository has, small ones first; made when a test runs. */
const GRAPHS: readonly (readonly [string, () => Uint8Array])[] = [
  ...FAMILIES.flatMap((family) => {
    const model = semanticModel(family, { size: 64 });
    return [
      [`${family} encoder`, () => semanticEncoder(model)] as const,
      [`${family} decoder`, () => semanticDecoder(model)] as const,
    ];
  }),
  ['a decoder with a repeat', () => trapDecoder({ repeat: 'one-hot' })],
  ['that decoder, mended', () => mendDecoder(trapDecoder({ repeat: 'one-hot' })).bytes],
  ['nanosam-shaped decoder', () => nanosamDecoder({ batch: 'free' })],
  ...(hasBundled
    ? (['decoder.onnx', 'encoder.onnx'] as const).map(
        (file) => [`bundled ${file}`, () => readFileSync(bundled(file))] as const,
      )
    : []),
];

type Feeds = Record<string, Tensor>;

/** Plausible inputs of one size, the same each time. */
function feedsOf(session: InferenceSession): Feeds {
  let state = 1;
  const random = (): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
  const feeds: Feeds = {};
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor) continue;
    const { name, shape } = meta;
    const points = name.includes('coords')
      ? shape.length - 2
      : name.includes('labels')
        ? shape.length - 1
        : -1;
    const dims = shape.map((length, i) =>
      typeof length === 'number' && length > 0
        ? length
        : name === 'batched_images'
          ? 80
          : i === points
            ? 3
            : 2,
    );
    const count = dims.reduce((a, b) => a * b, 1);
    const value = (i: number): number => {
      if (name.includes('coords')) return Math.floor(random() * 60);
      if (name.includes('labels')) return [1, 0, 1][i % 3] ?? 1;
      if (name === 'has_mask_input') return i % 2;
      return name === 'orig_im_size' ? 64 : random() * 4 - 2;
    };
    const values = Array.from({ length: count }, (_, i) => value(i));
    feeds[name] =
      meta.type === 'int64'
        ? new Tensor('int64', BigInt64Array.from(values, BigInt), dims)
        : new Tensor('float32', Float32Array.from(values), dims);
  }
  return feeds;
}

async function run(
  bytes: Uint8Array,
  feeds?: Feeds,
): Promise<{ answer: Record<string, Tensor>; feeds: Feeds }> {
  const session = await InferenceSession.create(bytes, OPTIONS);
  const given = feeds ?? feedsOf(session);
  const answer = (await session.run(given)) as Record<string, Tensor>;
  await session.release();
  return { answer, feeds: given };
}

/** Where both are above the reference's mean: masks where these are masks, and as strict elsewhere. */
function iou(reference: Tensor, other: Tensor): number {
  const [a, b] = [reference.data as Float32Array, other.data as Float32Array];
  const middle = a.reduce((sum, value) => sum + value, 0) / a.length;
  let [both, either] = [0, 0];
  for (const [i, value] of a.entries()) {
    const [inA, inB] = [value > middle, (b[i] ?? Number.NaN) > middle];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 1 : both / either;
}

/** Types of a node's first output, by the node's name or operator. */
function typesOf(bytes: Uint8Array): Record<string, Set<number>> {
  const { types } = checkTypes(bytes);
  const found: Record<string, Set<number>> = {};
  for (const { opType = '', output } of readModel(bytes).graph?.node ?? []) {
    found[opType] ??= new Set();
    found[opType]?.add(types.get(output?.[0] ?? '') ?? 0);
  }
  return found;
}

const [FLOAT, HALF] = [1, 10];

describe.each(GRAPHS)('the typed graph of %s', (_, make) => {
  it.each(['mixed', 'fp16'] as const)(
    'agrees in its types, runs, and says what FP32 says: %s',
    async (precision) => {
      const bytes = make();
      const typed = typedGraph(bytes, precision);
      const check = checkTypes(typed.bytes);
      expect(check.faults).toEqual([]);
      expect(Object.values(check.outputs).every((type) => type === FLOAT)).toBe(true);
      expect([...check.types.values()]).toContain(HALF);
      const expected = await run(bytes);
      const { answer } = await run(typed.bytes, expected.feeds);
      const rounded = (await run(roundHalves(typed.bytes), expected.feeds)).answer;
      for (const [name, tensor] of Object.entries(expected.answer)) {
        expect(answer[name]?.dims).toEqual(tensor.dims);
        expect(iou(tensor, rounded[name] as Tensor)).toBeGreaterThan(0.98);
      }
    },
  );

  it('for TensorRT 8 computes what it did, with every node named once', async () => {
    const bytes = make();
    const named = fp32Nodes(bytes, 'mixed');
    const names = (readModel(named.bytes).graph?.node ?? []).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of named.fp32Nodes) expect(names).toContain(name);
    const expected = await run(bytes);
    const { answer } = await run(named.bytes, expected.feeds);
    for (const [name, tensor] of Object.entries(expected.answer)) {
      const other = answer[name]?.data as Float32Array;
      const differing = (tensor.data as Float32Array).findIndex(
        (value, i) => !(Math.abs(value - (other[i] ?? Number.NaN)) < 1e-3 * Math.max(1, Math.abs(value))),
      );
      expect(differing).toBe(-1);
    }
  });
});

describe('a mixed decoder', () => {
  const typed = typedGraph(mendDecoder(trapDecoder({ repeat: 'none' })).bytes, 'mixed');
  const types = typesOf(typed.bytes);

  it("keeps the prompts' sines and softmax in FP32 and multiplies matrices in FP16", () => {
    expect(types.Sin).toEqual(new Set([FLOAT]));
    expect(types.Softmax).toEqual(new Set([FLOAT]));
    expect(types.Conv).toEqual(new Set([HALF]));
    // The positional encoding's and the IoU head's are FP32.
    expect(types.MatMul).toEqual(new Set([FLOAT, HALF]));
  });

  it('keeps its normalisations in FP32, as one operator and written out', () => {
    const nano = typesOf(typedGraph(nanosamDecoder({ batch: 'free' }), 'mixed').bytes);
    expect(nano.LayerNormalization).toEqual(new Set([FLOAT]));
    expect(nano.ReduceMean).toEqual(new Set([FLOAT]));
    expect(nano.Sqrt).toEqual(new Set([FLOAT]));
    expect(nano.Erf).toEqual(new Set([HALF]));
  });

  it('casts each tensor once, whoever takes it', () => {
    const nodes = readModel(typed.bytes).graph?.node ?? [];
    const cast = nodes.filter(({ opType }) => opType === 'Cast').map(({ input }) => input?.[0]);
    const doubled = cast.filter((name, i) => cast.indexOf(name) !== i);
    expect(doubled).toEqual([]);
  });

  it('scales queries instead of their products, in fp16 and for TensorRT 8 as well', () => {
    for (const bytes of [typed.bytes, fp32Nodes(nanosamDecoder({ batch: 1 }), 'fp16').bytes]) {
      const nodes = readModel(bytes).graph?.node ?? [];
      const softmaxes = nodes.filter(({ opType }) => opType === 'Softmax');
      expect(softmaxes.length).toBeGreaterThan(0);
      const skipCasts = (name: string): string | undefined => {
        const node = nodes.find(({ output }) => output?.includes(name));
        return node?.opType === 'Cast' ? skipCasts(node.input?.[0] ?? '') : node?.opType;
      };
      for (const node of softmaxes) expect(skipCasts(node.input?.[0] ?? '')).toBe('MatMul');
    }
  });
});

describe('a graph for TensorRT 8', () => {
  it.each([17, 18])(
    'has LayerNormalization written out, in FP32 where it is mixed: operator set %i',
    async (opset) => {
      const g = new GraphBuilder({ name: 'norm', opset });
      const x = g.input('x', [2, 3, 8]);
      const [scale, bias] = [g.weights([8], 1), g.weights([8], 1)];
      const normal = g.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: { float: 1e-3 } });
      g.output(g.node('LayerNormalization', [normal, scale], { axis: -2 }), 'y', [2, 3, 8]);
      const bytes = g.toBytes();
      const named = fp32Nodes(bytes, 'mixed');
      expect(graphSummary(named.bytes).ops).toMatchObject({ Sqrt: 2, ReduceMean: 4 });
      expect(graphSummary(named.bytes).ops.LayerNormalization).toBeUndefined();
      expect(named.fp32Nodes).toHaveLength(9 + 8);
      expect(fp32Nodes(bytes, 'fp32').fp32Nodes).toEqual([]);
      const { answer, feeds } = await run(bytes);
      const other = await run(named.bytes, feeds);
      const [expected, written] = [answer, other.answer].map(({ y }) => Array.from(y?.data as Float32Array));
      for (const [i, value] of (expected ?? []).entries()) expect(written?.[i]).toBeCloseTo(value, 4);
      expect(expected).toHaveLength(48);
    },
  );
});

/** y = f(x), with x [1,4,8,8]. */
function small(build: (g: GraphBuilder, x: Value) => Value): Uint8Array {
  const g = new GraphBuilder({ name: 'small' });
  g.output(build(g, g.input('x', [1, 4, 8, 8])), 'y', [1, 4, 8, 8]);
  return g.toBytes();
}

async function expectRuns(bytes: Uint8Array): Promise<void> {
  expect(checkTypes(bytes).faults).toEqual([]);
  await run(bytes);
}

describe('what has no FP16 form', () => {
  it('is a weight beyond ±65504, and an epsilon that would become 0', async () => {
    const big = typedGraph(
      small((g, x) => g.node('Relu', [g.node('Mul', [x, g.scalar(70_000)])])),
      'fp16',
    );
    expect(big.fp32Nodes).toHaveLength(1);
    expect(typesOf(big.bytes)).toMatchObject({ Mul: new Set([FLOAT]), Relu: new Set([HALF]) });
    const tiny = typedGraph(
      small((g, x) => g.node('Relu', [g.node('Add', [x, g.scalar(1e-12)])])),
      'fp16',
    );
    expect(typesOf(tiny.bytes).Add).toEqual(new Set([FLOAT]));
    await expectRuns(big.bytes);
    await expectRuns(tiny.bytes);
  });

  it("is a prompt's place: EfficientSAM multiplies source pixels by 1024 before it divides by the picture's width", async () => {
    const g = new GraphBuilder({ name: 'places' });
    const pixels = g.node('Mul', [g.input('point_coords', [1, 3, 2]), g.scalar(1024)]);
    const width = g.node(
      'Gather',
      [g.node('Cast', [g.input('orig_im_size', [2], 'int64')], { to: 1 }), g.int(1)],
      { axis: 0 },
    );
    const tokens = g.node('MatMul', [g.node('Sin', [g.node('Div', [pixels, width])]), g.weights([2, 4], 1)]);
    g.output(tokens, 'iou_predictions', [1, 3, 4]);
    const typed = typedGraph(g.toBytes(), 'fp16');
    expect(typesOf(typed.bytes)).toMatchObject({
      Div: new Set([FLOAT]),
      Sin: new Set([FLOAT]),
      MatMul: new Set([HALF]),
    });
    const { answer } = await run(roundHalves(typed.bytes));
    expect(Array.from(answer.iou_predictions?.data as Float32Array).every(Number.isFinite)).toBe(true);
  });

  it('is a number that becomes an index', async () => {
    const { bytes } = typedGraph(
      small((g, x) => {
        const at = g.node('Mul', [g.node('ReduceMax', [x], { keepdims: 0 }), g.scalar(0)]);
        return g.node('Gather', [x, g.node('Unsqueeze', [g.node('Cast', [at], { to: 7 }), g.ints([0])])], {
          axis: 0,
        });
      }),
      'fp16',
    );
    expect(typesOf(bytes).Mul).toEqual(new Set([FLOAT]));
    await expectRuns(bytes);
  });

  it('leaves operators with inputs and attributes of their own type consistent', async () => {
    const kept = typedGraph(
      small((g, x) => {
        const resized = g.node('Resize', [x, null, g.floats([1, 1, 1, 1], [4])], { mode: 'linear' });
        const clipped = g.node('Clip', [resized, g.scalar(-1), g.scalar(1)]);
        const chosen = g.node('Where', [g.node('Greater', [x, g.scalar(0)]), clipped, g.scalar(-5)]);
        const zeros = g.node('ConstantOfShape', [g.node('Shape', [x])]);
        const ones = g.node('Cast', [g.node('Equal', [zeros, g.scalar(0)])], { to: 1 });
        const shared = g.floats([0.5], [1]);
        return g.node('Pow', [
          g.node('Add', [g.node('Mul', [chosen, ones]), g.node('Add', [zeros, shared])]),
          g.scalar(2),
        ]);
      }),
      'fp16',
    );
    expect(typesOf(kept.bytes).ConstantOfShape).toEqual(new Set([HALF]));
    await expectRuns(kept.bytes);
  });

  it('is the body of an If, with what it takes from outside', async () => {
    const bytes = branching();
    const { answer, feeds } = await run(bytes);
    const typed = typedGraph(bytes, 'fp16');
    const other = await run(typed.bytes, feeds);
    expect(iou(answer.y as Tensor, other.answer.y as Tensor)).toBeGreaterThan(0.98);
  });
});

/** y = (x > 0 anywhere ? a + a : a) + a, with a = relu(x) taken by the branches from outside. */
function branching(): Uint8Array {
  const bytes = small((g, x) => {
    const a = g.node('Relu', [x]);
    const any = g.node('Greater', [g.node('ReduceMax', [x], { keepdims: 0 }), g.scalar(0)]);
    return g.node('Add', [g.node('If', [any]), a]);
  });
  const model = readModel(bytes);
  const branch = (opType: string, input: string[]) => ({
    name: opType,
    node: [{ opType, name: `${opType}_inner`, input, output: [`${opType}_out`] }],
    output: [{ name: `${opType}_out`, type: { tensorType: { elemType: 1 } } }],
  });
  for (const node of model.graph?.node ?? []) {
    if (node.opType !== 'If') continue;
    node.attribute = [
      { name: 'then_branch', type: 5, g: branch('Add', ['Relu_0', 'Relu_0']) },
      { name: 'else_branch', type: 5, g: branch('Identity', ['Relu_0']) },
    ];
  }
  return writeModel(model);
}

describe('typedGraph', () => {
  it('leaves inputs and outputs FP32', () => {
    const bytes = small((g, x) => gelu(g, layerNorm2d(g, x, 4)));
    const half = typedGraph(bytes, 'mixed');
    expect(graphSummary(half.bytes)).toMatchObject({
      inputs: [{ name: 'x', elemType: 'float32' }],
      outputs: [{ name: 'y', elemType: 'float32' }],
    });
    expect(checkTypes(half.bytes).faults).toEqual([]);
  });

  it('gives a quantised graph back as it is', () => {
    const bytes = small((g, x) => {
      const zero = g.node('Cast', [g.scalar(0)], { to: 3 });
      return g.node('DequantizeLinear', [
        g.node('QuantizeLinear', [x, g.scalar(0.1), zero]),
        g.scalar(0.1),
        zero,
      ]);
    });
    expect(typedGraph(bytes, 'mixed').bytes).toBe(bytes);
  });

  it('refuses operators of others with their name, and weights in another file', () => {
    const change = (apply: (model: ModelProto) => void): Uint8Array => {
      const model = readModel(small((g, x) => g.node('Mul', [x, g.scalar(2)])));
      apply(model);
      return writeModel(model);
    };
    const foreign = change(({ graph }) => {
      if (graph?.node?.[0]) graph.node[0].domain = 'com.microsoft';
    });
    expect(() => typedGraph(foreign, 'fp16')).toThrow(/com\.microsoft:Mul/);
    expect(() => fp32Nodes(foreign, 'fp16')).toThrow(/precision fp32/);
    const external = change(({ graph }) => {
      if (graph?.initializer?.[0]) graph.initializer[0].dataLocation = 1;
    });
    expect(() => typedGraph(external, 'fp16')).toThrow(/another file/);
  });

  it('of any damage gives a graph or a SamwireError, and nothing else', () => {
    const original = trapDecoder({ repeat: 'one-hot' });
    const flips = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    });
    const damaged = flips.map((changes) => {
      const bytes = Uint8Array.from(original);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    const answers = (bytes: Uint8Array): void => {
      for (const make of [typedGraph, fp32Nodes]) {
        try {
          make(bytes, 'mixed');
        } catch (error) {
          expect(error).toBeInstanceOf(SamwireError);
        }
      }
    };
    fc.assert(fc.property(damaged, answers), { numRuns: 200 });
  });

  it("keeps an encoder's residual sums in FP32 where it is mixed", () => {
    const bytes = small((g, x) => g.node('Add', [x, g.node('Relu', [g.node('Mul', [x, g.scalar(2)])])]));
    expect(typesOf(typedGraph(bytes, 'mixed').bytes).Add).toEqual(new Set([FLOAT]));
    expect(typesOf(typedGraph(bytes, 'fp16').bytes).Add).toEqual(new Set([HALF]));
  });
});

describe("EfficientViT's attention without softmax", () => {
  const bytes = small((g, x) => {
    const large = g.node('Mul', [g.node('Relu', [x]), g.scalar(60)]);
    const rows = g.node('Reshape', [large, g.ints([1, 4, 64])]);
    const product = g.node('MatMul', [
      g.node('MatMul', [rows, g.node('Transpose', [rows], { perm: [0, 2, 1] })]),
      rows,
    ]);
    const part = (from: number, to: number): Value =>
      g.node('Slice', [product, g.ints([from]), g.ints([to]), g.ints([1])]);
    const quotient = g.node('Div', [product, g.node('Add', [part(3, 4), g.scalar(1e-6)])]);
    return g.node('Reshape', [quotient, g.ints([1, 4, 8, 8])]);
  });

  it('overflows in fp16 and is right where it is mixed', async () => {
    const expected = await run(bytes);
    const spread = async (precision: 'fp16' | 'mixed'): Promise<boolean> => {
      const typed = typedGraph(bytes, precision);
      expect(checkTypes(typed.bytes).faults).toEqual([]);
      const { answer } = await run(roundHalves(typed.bytes), expected.feeds);
      const [right, found] = [expected.answer, answer].map(({ y }) => Array.from(y?.data as Float32Array));
      return (right ?? []).every(
        (value, i) => Math.abs(value - (found?.[i] ?? Number.NaN)) <= 0.02 * Math.max(1, Math.abs(value)),
      );
    };
    expect(await spread('fp16')).toBe(false);
    expect(await spread('mixed')).toBe(true);
  });
});

const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  try {
    execFileSync(python, ['-c', 'import onnx'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
const CHECK =
  'import sys, onnx\nfor path in sys.argv[1:]:\n  onnx.checker.check_model(onnx.load(path), full_check=True)';

describe("ONNX's own checker", () => {
  it.skipIf(!PYTHON)(
    'takes every typed graph, with its types and shapes inferred strictly',
    () => {
      const dir = mkdtempSync(join(tmpdir(), 'samwire-typed-'));
      try {
        const paths = GRAPHS.flatMap(([, make], i) =>
          (['mixed', 'fp16'] as const).map((precision) => {
            const path = join(dir, `${i}-${precision}.onnx`);
            writeFileSync(path, typedGraph(make(), precision).bytes);
            return path;
          }),
        );
        execFileSync(PYTHON ?? '', ['-c', CHECK, ...paths], { stdio: ['ignore', 'ignore', 'inherit'] });
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
    120_000,
  );
});
