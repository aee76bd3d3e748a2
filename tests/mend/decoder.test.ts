import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { mayNeedMending, mendDecoder } from '../../src/mend/decoder.js';
import { type Proof, proveMended } from '../../src/mend/proof.js';
import { refutation } from '../../src/mend/proven.js';
import { readModel, writeModel } from '../../src/onnx/model.js';
import type { ModelProto } from '../../src/onnx/schema.js';
import { graphSummary } from '../../src/onnx/summary.js';
import { GraphBuilder } from '../graphs/builder.js';
import { nanosamDecoder } from '../graphs/nanosam-shaped.js';
import { semanticDecoder, semanticEncoder } from '../graphs/semantic.js';
import { FAMILIES, semanticModel } from '../graphs/semantics.js';
import { bakeOnePrompt } from './bake.js';
import { spoiledDecoder, type Traps, trapDecoder } from './traps.js';

const bundled = new URL('../../engines/samwire-tiny/decoder.onnx', import.meta.url);
const OPTIONS = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;

async function proof(original: Uint8Array, mended: Uint8Array): Promise<Proof> {
  const [a, b] = [
    await InferenceSession.create(original, OPTIONS),
    await InferenceSession.create(mended, OPTIONS),
  ];
  const proven = await proveMended(a, b);
  await a.release();
  await b.release();
  return proven;
}

/** The first dimensions of inputs and outputs, by name. */
function leading(bytes: Uint8Array): Record<string, unknown> {
  const { inputs, outputs } = graphSummary(bytes);
  return Object.fromEntries([...inputs, ...outputs].map(({ name, shape }) => [name, shape?.[0]]));
}

function changed(bytes: Uint8Array, change: (model: ModelProto) => void): Uint8Array {
  const model = readModel(bytes);
  change(model);
  return writeModel(model);
}

const REPEATS: readonly Traps['repeat'][] = ['one-hot', 'split', 'tile', 'none'];

describe('a decoder that was exported for one prompt', () => {
  it.each(REPEATS)('takes several in a run and answers as before: repeat written as %s', async (repeat) => {
    const original = trapDecoder({ repeat });
    const mended = mendDecoder(original);
    expect(mended.unmended).toBeUndefined();
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
    expect(leading(mended.bytes)).toEqual({
      image_embeddings: 1,
      point_coords: 'num_prompts',
      point_labels: 'num_prompts',
      mask_input: 'num_prompts',
      has_mask_input: 'num_prompts',
      iou_predictions: 'num_prompts',
      low_res_masks: 'num_prompts',
    });
  });

  it.each(REPEATS)('takes several where a simplifier folded the 1 into its shapes: %s', async (repeat) => {
    const original = bakeOnePrompt(trapDecoder({ repeat }));
    const mended = mendDecoder(original);
    expect(mended.unmended).toBeUndefined();
    expect(mended.changes.join(' ')).toMatch(/Reshapes for one prompt/);
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
  });

  it('keeps a fixed number of points', async () => {
    const original = trapDecoder({ repeat: 'one-hot', points: 4 });
    const mended = mendDecoder(original);
    expect(graphSummary(mended.bytes).inputs[1]?.shape).toEqual(['num_prompts', 4, 2]);
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
  });

  it('has a mask of its own for each prompt, and each its own flag', async () => {
    const mended = mendDecoder(trapDecoder({ repeat: 'none' }));
    expect(mended.changes).toContain('has_mask_input counts for each prompt by itself.');
  });

  it.each(FAMILIES)('of family %s is mended and proven', async (family) => {
    const original = semanticDecoder(semanticModel(family, { batch: 1, size: 64 }));
    const mended = mendDecoder(original);
    expect(mended.unmended).toBeUndefined();
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
    expect(mendDecoder(mended.bytes).bytes).toBe(mended.bytes);
  });

  it("of NanoSAM's size is mended within a second and proven", async () => {
    const original = nanosamDecoder({ batch: 1 });
    const mended = mendDecoder(original);
    expect(mended.unmended).toBeUndefined();
    const session = [
      await InferenceSession.create(original, OPTIONS),
      await InferenceSession.create(mended.bytes, OPTIONS),
    ] as const;
    expect(await proveMended(...session, [{ prompts: 2, points: 2 }])).toMatchObject({ proven: true });
    for (const one of session) await one.release();
  });
});

describe('a decoder with feature maps', () => {
  it.each([1, 'num_labels'])('shares them among all prompts of a run, exported for %s', async (prompts) => {
    const original = trapDecoder({ repeat: 'none', features: true, prompts });
    const mended = mendDecoder(original);
    expect(mended.unmended).toBeUndefined();
    expect(mended.changes).toContain('has_mask_input counts for each prompt by itself.');
    expect(leading(mended.bytes)).toMatchObject({ high_res_feats_0: 1, image_embeddings: 1 });
    expect(graphSummary(mended.bytes).inputs.find(({ name }) => name === 'point_coords')?.shape?.[0]).toBe(
      prompts === 1 ? 'num_prompts' : prompts,
    );
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
    expect(mendDecoder(mended.bytes).bytes).toBe(mended.bytes);
  });

  it('whose flag meets pictures does not run two prompts as it is', async () => {
    const original = trapDecoder({ repeat: 'none', features: true, prompts: 'num_labels' });
    expect(await proof(original, original)).toMatchObject({ proven: false });
  });

  it('is looked into even where it declares any number of prompts', () => {
    const tensor = (name: string, shape: (number | string)[]) => ({ name, type: 'float32', shape });
    const inputs = [tensor('image_embed', [1, 8, 4, 4]), tensor('point_coords', ['n', 'm', 2])];
    const outputs = [tensor('masks', ['n', 3, 4, 4]), tensor('iou_predictions', ['n', 3])];
    expect(mayNeedMending({ inputs, outputs })).toBe(false);
    expect(mayNeedMending({ inputs: [...inputs, tensor('high_res_feats_0', [1, 8, 4, 4])], outputs })).toBe(
      true,
    );
  });
});

describe('a decoder that gives full-size masks only', () => {
  const without = (bytes: Uint8Array): Uint8Array =>
    changed(bytes, ({ graph }) => {
      if (graph) graph.output = (graph.output ?? []).filter(({ name }) => name !== 'low_res_masks');
    });

  it('gives the logits that it makes them of, for any number of prompts', async () => {
    const whole = trapDecoder({ repeat: 'one-hot', fullMasks: true });
    const mended = mendDecoder(without(whole));
    expect(mended.unmended).toBeUndefined();
    expect(mended.changes[0]).toMatch(/Its logits are an output, low_res_masks: masks is made of them/);
    expect(mended.changes.join(' ')).toMatch(/Cut the output masks.*orig_im_size/);
    expect(leading(mended.bytes)).toMatchObject({ low_res_masks: 'num_prompts' });
    // Against the file with logits as an output, which is what the exporter could have written.
    expect(await proof(whole, mended.bytes)).toMatchObject({ proven: true });
    expect(await proof(mended.reference ?? whole, mended.bytes)).toMatchObject({ proven: true });
  });

  it('is left as it is where they can not be told', () => {
    const bytes = without(
      changed(trapDecoder({ repeat: 'none', fullMasks: true }), ({ graph }) => {
        for (const node of graph?.node ?? []) if (node.opType === 'Resize') node.opType = 'Upsample2';
      }),
    );
    expect(mendDecoder(bytes).changes.join(' ')).not.toMatch(/logits/);
  });
});

describe('repeats over the prompts', () => {
  it.each(REPEATS)('become broadcasts, without OneHot, Tile and Split: %s', (repeat) => {
    const { ops } = graphSummary(mendDecoder(trapDecoder({ repeat })).bytes);
    expect([ops.OneHot, ops.Tile, ops.Split]).toEqual([undefined, undefined, undefined]);
  });

  it('that TensorRT refuses go from a graph whose prompts are free already', async () => {
    const original = trapDecoder({ repeat: 'one-hot', prompts: 'batch', masks: false });
    const mended = mendDecoder(original);
    expect(mended.changes).toHaveLength(1);
    expect(leading(mended.bytes)).toMatchObject({ point_coords: 'batch', low_res_masks: 'batch' });
    expect(graphSummary(mended.bytes).ops.Tile).toBeUndefined();
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
  });

  it('take their number from the coordinates’ shape, not from comparisons that TensorRT would have to make of shapes', () => {
    const { ops } = graphSummary(mendDecoder(trapDecoder({ repeat: 'none' })).bytes);
    expect([ops.Where, ops.Equal]).toEqual([undefined, undefined]);
  });

  it('cost no node where the tensor meets one that has the rows', () => {
    const { changes } = mendDecoder(trapDecoder({ repeat: 'one-hot' }));
    expect(changes.join(' ')).toMatch(/3 tensors .* are broadcast \(1 without a node\)/);
  });
});

describe('outputs that Samwire does not ask for', () => {
  it('are cut, with the input that only they need', async () => {
    const original = trapDecoder({ repeat: 'split', fullMasks: true });
    const mended = mendDecoder(original);
    expect(mended.changes[0]).toMatch(/masks.*orig_im_size/);
    expect(Object.keys(leading(mended.bytes))).not.toContain('masks');
    expect(Object.keys(leading(mended.bytes))).not.toContain('orig_im_size');
    expect(graphSummary(mended.bytes).ops.Resize).toBeUndefined();
    expect(await proof(original, mended.bytes)).toMatchObject({ proven: true });
  });

  it('are cut from a graph that takes all prompts already', () => {
    const mended = mendDecoder(semanticDecoder(semanticModel('sam')));
    expect(mended.changes).toHaveLength(1);
    expect(graphSummary(mended.bytes).outputs.map(({ name }) => name)).toEqual([
      'iou_predictions',
      'low_res_masks',
    ]);
  });

  it("leave an input that is needed elsewhere: EfficientSAM's size of the picture", () => {
    const mended = mendDecoder(semanticDecoder(semanticModel('efficientsam')));
    expect(Object.keys(leading(mended.bytes))).toContain('orig_im_size');
  });
});

describe('a graph that needs nothing', () => {
  it.each(['nanosam', 'edgesam', 'efficientvit-sam'] as const)('is given back itself: %s', (family) => {
    const bytes = semanticDecoder(semanticModel(family));
    expect(mendDecoder(bytes)).toEqual({ bytes, changes: [] });
    expect(mendDecoder(bytes).bytes).toBe(bytes);
  });

  it.skipIf(!existsSync(bundled))('is the bundled model’s, and costs some milliseconds', () => {
    const bytes = readFileSync(bundled);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      expect(mendDecoder(bytes).bytes).toBe(bytes);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(100);
  });

  it.each(REPEATS)('is one that was mended: nothing changes a second time, %s', (repeat) => {
    for (const bytes of [trapDecoder({ repeat }), bakeOnePrompt(trapDecoder({ repeat, fullMasks: true }))]) {
      const mended = mendDecoder(bytes);
      expect(mendDecoder(mended.bytes).bytes).toBe(mended.bytes);
    }
  });
});

describe('a graph that can’t be mended', () => {
  const unmended = (bytes: Uint8Array, why: RegExp): void => {
    const answer = mendDecoder(bytes);
    expect(answer.bytes).toBe(bytes);
    expect(answer.changes).toEqual([]);
    expect(answer.unmended).toMatch(why);
  };

  it('takes the prompts together', () => {
    const mean = trapDecoder({
      repeat: 'none',
      spoiler: (g, tokens) =>
        g.node('Add', [tokens, g.node('ReduceMean', [tokens], { axes: [0], keepdims: 0 })]),
    });
    unmended(mean, /one by one: ReduceMean.*takes the prompts together/);
    const softmax = trapDecoder({
      repeat: 'none',
      spoiler: (g, tokens) => g.node('Softmax', [tokens], { axis: 0 }),
    });
    unmended(softmax, /Softmax.*takes the prompts together/);
    const first = trapDecoder({
      repeat: 'none',
      spoiler: (g, tokens) => g.node('Add', [tokens, g.node('Gather', [tokens, g.int(0)], { axis: 0 })]),
    });
    unmended(first, /Gather.*takes the prompts together/);
  });

  it('has an operator whose shapes are not known here, or a function', () => {
    const original = trapDecoder({ repeat: 'none' });
    const foreign = changed(original, ({ graph }) => {
      const node = graph?.node?.find(({ opType }) => opType === 'Softmax');
      if (node) node.domain = 'com.example';
    });
    unmended(foreign, /com\.example:Softmax.*can't be told/);
    unmended(
      changed(original, (model) => {
        model.functions = [{ name: 'f', domain: 'local' }];
      }),
      /functions of its own/,
    );
  });

  it('has its weights in another file', () => {
    const external = changed(trapDecoder({ repeat: 'none' }), ({ graph }) => {
      const [weight] = graph?.initializer ?? [];
      if (weight) weight.dataLocation = 1;
    });
    unmended(external, /weights are in another file/);
  });

  it('is no decoder', () => unmended(semanticEncoder(semanticModel('nanosam')), /no decoder/));

  it('loses what is not asked for all the same', () => {
    const bytes = trapDecoder({
      repeat: 'none',
      fullMasks: true,
      spoiler: (g, tokens) => g.node('Softmax', [tokens], { axis: 0 }),
    });
    const mended = mendDecoder(bytes);
    expect(mended.unmended).toMatch(/one by one/);
    expect(mended.changes).toHaveLength(1);
    expect(leading(mended.bytes)).toMatchObject({ point_coords: 1, low_res_masks: 1 });
  });
});

describe('the proof', () => {
  it('fails where prompts get one another’s answers, or numbers differ', async () => {
    const original = trapDecoder({ repeat: 'none' });
    const mended = mendDecoder(original).bytes;
    const other = changed(mended, ({ graph }) => {
      const bias = graph?.initializer?.find(({ dims }) => dims?.length === 2);
      if (bias?.rawData)
        bias.rawData = Uint8Array.from(bias.rawData, (byte, i) => (i === 2 ? byte ^ 0x40 : byte));
    });
    expect(await proof(original, other)).toMatchObject({ proven: false });
    // Every row of the keys is the first prompt's: right for one prompt, wrong for the next.
    const shared = changed(mended, ({ graph }) => {
      const conv = graph?.node?.find(({ opType }) => opType === 'Conv');
      graph?.initializer?.push(...['zero', 'one'].map((name, i) => vector(name, i)));
      graph?.node?.splice(0, 0, {
        opType: 'Slice',
        name: 'first',
        input: ['mask_input', 'zero', 'one'],
        output: ['first_mask'],
      });
      if (conv) conv.input = ['first_mask', ...(conv.input ?? []).slice(1)];
    });
    expect(await proof(original, shared)).toMatchObject({ proven: false });
  });

  it('fails, and says why, where a run fails', async () => {
    const original = trapDecoder({ repeat: 'none' });
    const refusing = changed(original, ({ graph }) => {
      for (const input of graph?.input ?? []) {
        const dims = input.type?.tensorType?.shape?.dim;
        if (input.name !== 'image_embeddings' && dims?.[0]) dims[0] = { dimParam: 'b' };
      }
    });
    const answer = await proof(original, refusing);
    expect(answer.proven).toBe(false);
    expect(answer.reason).toMatch(/A run failed/);
  });
});

function vector(name: string, value: number) {
  return { name, dataType: 7, dims: [1], rawData: new Uint8Array(BigInt64Array.of(BigInt(value)).buffer) };
}

describe('refutation', () => {
  it('is none of a mended decoder that answers as its original does', async () => {
    const bytes = trapDecoder({ repeat: 'one-hot' });
    expect(await refutation(bytes, mendDecoder(bytes).bytes)).toBeUndefined();
  });

  it('names how a mended decoder differs', async () => {
    const bytes = spoiledDecoder();
    const { bytes: mended, unmended } = mendDecoder(bytes);
    expect(unmended).toBeUndefined();
    expect(await refutation(bytes, mended)).toMatch(/^Its answers differ/);
    expect(await refutation(bytes, Uint8Array.of(1, 2, 3))).toMatch(/onnxruntime can't load it/);
  });
});

describe('a broken graph', () => {
  const refused = (bytes: Uint8Array, why: RegExp): void => {
    expect(() => mendDecoder(bytes)).toThrow(why);
    expect(() => mendDecoder(bytes)).toThrow(SamwireError);
  };
  const original = trapDecoder({ repeat: 'one-hot' });

  it('with a circle, a tensor made twice or one that nothing makes is refused with its name', () => {
    const nodes = (model: ModelProto) => model.graph?.node ?? [];
    const circle = changed(original, (model) => {
      const last = nodes(model).at(-1)?.output?.[0] ?? '';
      const conv = nodes(model).find(({ opType }) => opType === 'Conv');
      if (conv) conv.input = [last, ...(conv.input ?? []).slice(1)];
    });
    refused(circle, /runs in a circle/);
    const twice = changed(original, (model) => {
      const [first, second] = nodes(model);
      if (first && second) second.output = [...(first.output ?? [])];
    });
    refused(twice, /makes the tensor .* twice/);
    const missing = changed(original, (model) => {
      const conv = nodes(model).find(({ opType }) => opType === 'Conv');
      if (conv) conv.input = ['nobody', ...(conv.input ?? []).slice(1)];
    });
    refused(missing, /takes nobody, which nothing makes/);
  });

  it('with shapes beyond all bounds costs nothing', () => {
    const g = new GraphBuilder({ name: 'huge' });
    const coords = g.input('point_coords', [1, 'n', 2]);
    const huge = g.node('ConstantOfShape', [g.ints([2 ** 40, 2 ** 40])]);
    const range = g.node('Range', [g.int(0), g.int(2 ** 50), g.int(1)]);
    const sum = g.node('Add', [
      g.node('ReduceSum', [huge], { keepdims: 0 }),
      g.node('Cast', [g.node('ReduceMax', [range], { keepdims: 0 })], { to: 1 }),
    ]);
    g.output(g.node('Add', [coords, sum]), 'iou_predictions', [1, 'n', 2]);
    const start = performance.now();
    mendDecoder(g.toBytes());
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('with more nodes than any decoder has is left alone', () => {
    const g = new GraphBuilder({ name: 'crowd' });
    let x = g.input('point_coords', [1, 'n', 2]);
    for (let i = 0; i < 20_001; i++) x = g.node('Relu', [x]);
    g.output(x, 'iou_predictions', [1, 'n', 2]);
    expect(mendDecoder(g.toBytes()).unmended).toMatch(/20001 nodes/);
  });

  it('of any damage is mended, left alone or refused, and nothing else', () => {
    const flips = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = Uint8Array.from(original);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          mendDecoder(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(SamwireError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
