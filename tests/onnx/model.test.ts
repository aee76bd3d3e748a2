import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import { graphSummary, summarise } from '../../src/onnx/summary.js';
import { GraphBuilder } from '../graphs/builder.js';
import { semanticDecoder } from '../graphs/semantic.js';
import { semanticModel } from '../graphs/semantics.js';

const bundled = new URL('../../engines/samwire-tiny/decoder.onnx', import.meta.url);
const decoder = semanticDecoder(semanticModel('nanosam'));

/** y = x + weight, with a weight of 40 MB. */
function heavyModel(): Uint8Array {
  const g = new GraphBuilder({ name: 'heavy' });
  const x = g.input('x', [1, 'n']);
  const sum = g.node('Add', [x, g.node('ReduceSum', [g.floats(new Float32Array(10_000_000), [10_000_000])])]);
  g.output(sum, 'y', [1, 'n']);
  return g.toBytes();
}

/** One length-delimited field. */
function field(number: number, body: Uint8Array): Uint8Array {
  const length = [];
  let rest = body.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Uint8Array.from([(number << 3) | 2, ...length, rest]), body]);
}

const IR_VERSION_8 = Uint8Array.from([8, 8]);

describe('graphSummary', () => {
  it('names inputs, outputs, free dimensions, weights, opset, producer and operators', () => {
    const summary = graphSummary(decoder);
    expect(summary.inputs.slice(0, 2)).toEqual([
      { name: 'image_embeddings', elemType: 'float32', shape: [1, 48, 16, 16] },
      { name: 'point_coords', elemType: 'float32', shape: ['num_prompts', 'num_points', 2] },
    ]);
    expect(summary.outputs.map((output) => output.name)).toEqual(['iou_predictions', 'low_res_masks']);
    expect(summary.opset).toBe(17);
    expect(summary.producer).toBe('samwire-tests');
    expect(summary.ops.Gather).toBeGreaterThan(2);
    expect(summary.initializers.count).toBeGreaterThan(10);
    expect(summary.external).toEqual([]);
  });

  it('tells a 64-bit input from a float and counts weights by element and by byte', () => {
    const summary = graphSummary(semanticDecoder(semanticModel('efficientsam')));
    expect(summary.inputs.at(-1)).toEqual({ name: 'orig_im_size', elemType: 'int64', shape: [2] });
    const heavy = graphSummary(heavyModel());
    expect(heavy.initializers).toEqual({ count: 1, parameters: 10_000_000, bytes: 40_000_000 });
  });

  it('leaves the rank open where the file does, and weights listed as inputs out', () => {
    const model = readModel(decoder);
    const graph = model.graph ?? {};
    const weight = graph.initializer?.[0]?.name ?? '';
    const summary = summarise({
      ...model,
      graph: {
        ...graph,
        input: [{ name: weight, type: null }, ...(graph.input ?? [])],
        output: [{ name: 'open', type: { tensorType: { elemType: 1 } } }],
      },
    });
    expect(summary.inputs.map((input) => input.name)).not.toContain(weight);
    expect(summary.outputs).toEqual([{ name: 'open', elemType: 'float32', shape: null }]);
  });

  it.skipIf(!existsSync(bundled))('reads what PyTorch exported', () => {
    const summary = graphSummary(readFileSync(bundled));
    expect(summary.inputs.map((input) => input.name)).toContain('point_coords');
    expect(summary.producer).toMatch(/pytorch/);
  });
});

describe('readModel and writeModel', () => {
  it('keep weights as views of the file', () => {
    const bytes = heavyModel();
    const [weight] = readModel(bytes).graph?.initializer ?? [];
    expect(weight?.rawData?.buffer).toBe(bytes.buffer);
  });

  it('write a model that computes what it did before', async () => {
    const g = new GraphBuilder({ name: 'scale' });
    const half = g.node('Mul', [g.input('x', [3]), g.scalar(0.5)]);
    g.output(half, 'y', [3]);
    const session = await InferenceSession.create(writeModel(readModel(g.toBytes())));
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(2, 4, 6), [3]) });
    expect([...(y?.data ?? [])]).toEqual([1, 2, 3]);
    await session.release();
  });

  it('write the extremes of 64-bit integers back as they were', () => {
    const slice = Buffer.concat([
      field(1, Buffer.from('ends')),
      Uint8Array.from([(8 << 3) | 0, 255, 255, 255, 255, 255, 255, 255, 255, 127]),
    ]);
    const bytes = Buffer.concat([IR_VERSION_8, field(7, field(1, field(5, slice)))]);
    expect(Buffer.from(writeModel(readModel(bytes))).equals(bytes)).toBe(true);
  });

  it('carry fields that the schema does not know through a rewrite', () => {
    const unknown = field(15, Buffer.from('training information of a later version'));
    const bytes = Buffer.concat([IR_VERSION_8, field(7, field(2, Buffer.from('g'))), unknown]);
    expect(Buffer.from(writeModel(readModel(bytes))).includes(Buffer.from(unknown))).toBe(true);
  });

  it('refuse every cut of a file, or read it as the shorter model that it then is', () => {
    for (let length = 0; length < decoder.length; length += 97) {
      try {
        readModel(decoder.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(SamwireError);
      }
    }
    expect(() => readModel(decoder.subarray(0, decoder.length / 2))).toThrow(/truncated or not ONNX/);
    expect(() => readModel(new Uint8Array())).toThrow(/without a graph/);
  });

  it('answer arbitrary bytes with a model_failed and nothing else', () => {
    const answer = (bytes: Uint8Array): void => {
      try {
        graphSummary(bytes);
      } catch (error) {
        expect(error).toMatchObject({ code: 'model_failed' });
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), answer), { numRuns: 500 });
    const flips = fc.array(fc.tuple(fc.nat(decoder.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 20,
    });
    const damaged = flips.map((changes) => {
      const bytes = Uint8Array.from(decoder);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(fc.property(damaged, answer), { numRuns: 300 });
  });

  it('refuse millions of empty nodes and endless nesting before anything is built of them', () => {
    const nodes = Buffer.alloc(4_000_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a;
    const crowd = Buffer.concat([IR_VERSION_8, field(7, nodes)]);
    expect(() => readModel(crowd)).toThrow(/more than 1000000/);
    let nested: Uint8Array = new Uint8Array();
    for (let i = 0; i < 60; i++) nested = field(1, field(5, field(6, nested)));
    expect(() => readModel(Buffer.concat([IR_VERSION_8, field(7, nested)]))).toThrow(/deeper than 64/);
  });
});
