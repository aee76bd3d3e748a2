import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyModel } from '../../src/cli/models.js';
import { type Added, addModel } from '../../src/models/add.js';
import { resolveModel } from '../../src/models/catalogue.js';
import { countCandidates } from '../../src/models/probe.js';
import { readGraph } from '../../src/models/read-graph.js';
import { type Dim, GraphBuilder } from '../graphs/builder.js';
import { fusionGraph } from '../graphs/fusion.js';
import { emptyDirectory } from './directories.js';
import { externalWeights, integerQuantised, quantised } from './odd-graphs.js';
import { writeSample } from './sample-models.js';

/** SAM's decoder by its names, which gives so many masks a prompt and declares its outputs' lengths or leaves them open. */
function decoder(masks: number, open: boolean): Uint8Array {
  const g = new GraphBuilder({ name: 'decoder' });
  const embeddings = g.input('image_embeddings', [1, 48, 16, 16]);
  const coords = g.input('point_coords', [1, 'num_points', 2]);
  const labels = g.input('point_labels', [1, 'num_points']);
  g.input('mask_input', [1, 1, 64, 64]);
  g.input('has_mask_input', [1]);
  const orig = g.input('orig_im_size', [2]);
  const shape = (...fixed: number[]): Dim[] => (open ? fixed.map((_, axis) => `dim_${axis}`) : fixed);
  const points = [
    g.node('ReduceMean', [coords], { keepdims: 0 }),
    g.node('ReduceMean', [labels], { keepdims: 0 }),
  ];
  const mean = g.node('Add', [g.node('Add', points), g.node('ReduceMean', [orig], { keepdims: 0 })]);
  const plane = g.node('ReduceMean', [embeddings], { axes: [1], keepdims: 1 });
  const logits = g.node('Expand', [g.node('Add', [plane, mean]), g.ints([1, masks, 16, 16])]);
  const sizes = g.ints([1, masks, 64, 64]);
  const lowRes = g.node('Resize', [logits, null, null, sizes], { mode: 'nearest' });
  g.output(g.node('Identity', [lowRes]), 'masks', ['a', 'b', 'h', 'w']);
  g.output(g.node('ReduceMean', [lowRes], { axes: [2, 3], keepdims: 0 }), 'iou_predictions', shape(1, masks));
  g.output(lowRes, 'low_res_masks', shape(1, masks, 64, 64));
  return g.toBytes();
}

/** The semantic SAM's encoder of 256 pixels beside another decoder, or the other way round. */
async function added(
  files: Readonly<Record<string, Uint8Array>>,
  sample = 'sam',
): Promise<Added & { dir: string }> {
  const dir = join(await emptyDirectory(), 'model');
  writeSample(dir, sample);
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(dir, file), bytes);
  const result = await addModel({ dir });
  expect((await verifyModel(await resolveModel(`${dir}/`), undefined)).problems).toEqual([]);
  return { ...result, dir };
}

const said = ({ findings }: Added): string => findings.join('\n');

describe('a decoder that was exported with fewer masks', () => {
  it.each([
    ['declares', false],
    ['leaves open', true],
  ])('of one mask, as its file %s, gets a manifest of one', async (_, open) => {
    const model = await added({ 'encoder.onnx': quantised(), 'decoder.onnx': decoder(1, open) });
    expect(model.manifest).toMatchObject({ mask: { single: 0, multi: [0] } });
    expect(said(model)).toContain('The decoder gives one mask a prompt');
  });

  it('of three masks takes the best of them', async () => {
    const model = await added({ 'encoder.onnx': quantised(), 'decoder.onnx': decoder(3, true) });
    expect(model.manifest).toMatchObject({ mask: { single: 'best-score', multi: [0, 1, 2] } });
  });

  it('is counted by a run where its file leaves the number open', async () => {
    const path = join(await emptyDirectory(), 'decoder.onnx');
    for (const masks of [1, 4]) {
      writeFileSync(path, decoder(masks, true));
      expect(await countCandidates(path, await readGraph(path))).toBe(masks);
    }
  });
});

describe('what a file shows beside names and shapes', () => {
  it('makes the precision of a network with QuantizeLinear and DequantizeLinear int8', async () => {
    const model = await added({ 'encoder.onnx': quantised(), 'decoder.onnx': decoder(4, false) });
    expect(model.manifest).toMatchObject({ encoder: { precision: 'int8' }, decoder: { precision: 'mixed' } });
    expect(said(model)).toMatch(/encoder\.onnx is quantised .*QDQ/);
  });

  it('is told of integer operators, which run on the onnx backend only', async () => {
    const model = await added({ 'encoder.onnx': integerQuantised(), 'decoder.onnx': decoder(4, false) });
    expect(model.manifest).toMatchObject({ encoder: { precision: 'mixed' } });
    expect(said(model)).toMatch(/integer operators \(ConvInteger\): it runs on the onnx backend/);
  });

  it('is told of weights in a second file, which the model needs', async () => {
    const { bytes, data } = externalWeights('encoder_data.bin');
    const model = await added({
      'encoder.onnx': bytes,
      'encoder_data.bin': data,
      'decoder.onnx': decoder(4, false),
    });
    expect(said(model)).toContain(`encoder.onnx keeps weights in encoder_data.bin (${data.length} bytes)`);
    expect(said(model)).toContain('0.2 M parameters');
  });
});

describe('an early-fusion network', () => {
  const network = { size: 64, inputs: 'two', batch: 1 } as const;

  it('without scores answers with the first of its masks', async () => {
    const model = await added({ 'network.onnx': fusionGraph({ ...network, scores: false }) }, 'squeezesam');
    expect(model.manifest).toMatchObject({ family: 'early-fusion', mask: { single: 1 } });
    expect(said(model)).toContain('The network gives no scores: mask.single is candidate 1');
  });

  it('with three channels is taken to draw background points as well', async () => {
    const g = new GraphBuilder({ name: 'three' });
    const input = g.input('image', ['batch', 6, 64, 64]);
    const pooled = g.node('AveragePool', [input], { kernel_shape: [4, 4], strides: [4, 4] });
    g.output(g.node('ReduceMean', [pooled], { axes: [1], keepdims: 1 }), 'masks', ['batch', 1, 16, 16]);
    const model = await added({ 'network.onnx': g.toBytes() }, 'squeezesam');
    expect(model.manifest).toMatchObject({
      prompt: { channels: ['box', 'points', 'background'] },
      mask: { single: 0, multi: [0] },
    });
  });
});
