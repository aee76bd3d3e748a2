import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphSummary } from '../../src/onnx/summary.js';
import { randomStream } from './random.js';
import { type DecoderPrompt, fullSize, referenceAnswer } from './reference.js';
import { type LoadedModel, loadSemantic, type SourceImage } from './run.js';
import { semanticDecoder } from './semantic.js';
import { FAMILIES, type Family, semanticModel } from './semantics.js';

const SOURCE = { width: 300, height: 200 };
const OUTPUTS: Record<Family, { iou: string; lowRes: string; full?: string; way?: 'sam' | 'direct' }> = {
  nanosam: { iou: 'iou_predictions', lowRes: 'low_res_masks' },
  sam: { iou: 'iou_predictions', lowRes: 'low_res_masks', full: 'masks', way: 'sam' },
  edgesam: { iou: 'scores', lowRes: 'masks' },
  'efficientvit-sam': { iou: 'iou_predictions', lowRes: 'masks' },
  efficientsam: { iou: 'iou_predictions', lowRes: '2160', full: 'output_masks', way: 'direct' },
  tinysam: { iou: 'iou_predictions', lowRes: 'low_res_masks', full: 'masks', way: 'sam' },
  sam2: { iou: 'iou_predictions', lowRes: 'masks' },
};

describe.each(FAMILIES)('the semantic graphs of %s', (family) => {
  const model = semanticModel(family, { size: 128 });
  const image = testImage(family === 'efficientsam' ? SOURCE : { width: model.size, height: model.size });
  const prompts = testPrompts(family, family === 'efficientsam' ? SOURCE.height : model.promptFrame);
  const names = OUTPUTS[family];
  let loaded: LoadedModel;
  let outputs: Awaited<ReturnType<LoadedModel['decode']>>;

  beforeAll(async () => {
    loaded = await loadSemantic(model);
    outputs = await loaded.decode(await loaded.embed(image), prompts, SOURCE);
  });
  afterAll(() => loaded.release());

  it('say what the reference says, for a batch of boxes, points and masks', () => {
    prompts.forEach((prompt, i) => {
      const expected = referenceAnswer(model, image, prompt, SOURCE);
      const count = expected.lowRes.length;
      const area = (model.size / 4) ** 2;
      expect(worst(slice(outputs, names.iou, i, count), expected.iou)).toBeLessThan(1e-4);
      const lowRes = slice(outputs, names.lowRes, i, count * area);
      expected.lowRes.forEach((plane, k) => {
        expect(worst(lowRes.subarray(k * area, (k + 1) * area), plane.data)).toBeLessThan(1e-3);
      });
    });
  });

  const { full: fullName, way = 'direct' } = names;
  if (fullName)
    it('bring the masks to the size of the source as the family does', () => {
      const area = SOURCE.width * SOURCE.height;
      prompts.forEach((prompt, i) => {
        const { lowRes } = referenceAnswer(model, image, prompt, SOURCE);
        const full = slice(outputs, fullName, i, lowRes.length * area);
        lowRes.forEach((plane, k) => {
          const expected = fullSize(plane, model.size, SOURCE, way);
          expect(worst(full.subarray(k * area, (k + 1) * area), expected.data)).toBeLessThan(1e-3);
        });
      });
    });

  it('give one prompt alone what it gets in a batch', async () => {
    const fixed = await loadSemantic(semanticModel(family, { size: 128, batch: 1 }));
    const encoded = await fixed.embed(image);
    for (const [i, prompt] of prompts.entries()) {
      const alone = await fixed.decode(encoded, [prompt], SOURCE);
      for (const name of Object.keys(alone)) {
        const length = alone[name]?.size ?? 0;
        expect(worst(slice(alone, name, 0, length), slice(outputs, name, i, length))).toBeLessThan(1e-4);
      }
    }
    await fixed.release();
  });

  it('refuse a second prompt where the batch is fixed, as the authors’ exports do', async () => {
    const fixed = await loadSemantic(semanticModel(family, { size: 128, batch: 1 }));
    await expect(fixed.decode(await fixed.embed(image), prompts, SOURCE)).rejects.toThrow(
      /Got: 3 Expected: 1/,
    );
    await fixed.release();
  });
});

describe('the semantic graphs show a mistake in', () => {
  const model = semanticModel('nanosam', { size: 128 });
  const image = testImage({ width: 128, height: 128 });
  const box: DecoderPrompt = { points: [corner(20, 30, 2), corner(90, 80, 3)] };
  const clicks: DecoderPrompt = { points: [click(40, 50, 1), click(70, 60, 0)] };
  const answer = (prompt: DecoderPrompt, picture = image) => referenceAnswer(model, picture, prompt, SOURCE);
  const plane = (c: number): Float32Array => image.data.subarray(c * 128 * 128, (c + 1) * 128 * 128);
  const altered = (change: (value: number, channel: number) => number): SourceImage => ({
    ...image,
    data: image.data.map((value, i) => change(value, Math.floor(i / 128 ** 2))),
  });
  const bgr = { ...image, data: Float32Array.from([...plane(2), ...plane(1), ...plane(0)]) };
  const halves = (prompt: DecoderPrompt, by: number, scale = 1): DecoderPrompt => ({
    points: prompt.points.map(({ x, y, label }) => ({ x: x * scale + by, y: y * scale + by, label })),
  });
  const labelled = (label: 0 | 1): DecoderPrompt => ({ points: clicks.points.map((p) => ({ ...p, label })) });
  const mask = new Float32Array(32 * 32).fill(4);

  it.each([
    ['channel order', answer(box), answer(box, bgr)],
    [
      'a missing mean',
      answer(box),
      answer(
        box,
        altered((v) => v + 2),
      ),
    ],
    [
      'a missing standard deviation',
      answer(box),
      answer(
        box,
        altered((v) => v / 3),
      ),
    ],
    ['the prompt frame', answer(box), answer(halves(box, 0, 0.5))],
    ['an offset of half a pixel', answer(box), answer(halves(box, 0.5))],
    ['a padding point', answer(box), answer({ points: [...box.points, corner(0, 0, -1)] })],
    ['the meaning of labels', answer(clicks), answer(labelled(1))],
    ['the order of points', answer(clicks), answer({ points: [...clicks.points].reverse() })],
    ['an ignored mask', answer({ ...box, mask }), answer(box)],
    ['prompts of a batch mixed up', answer(box), answer(clicks)],
  ])('%s', (_, right, wrong) => {
    const scores = Math.abs((right.iou[0] ?? 0) - (wrong.iou[0] ?? 0));
    const masks = iou(right.lowRes[0]?.data ?? [], wrong.lowRes[0]?.data ?? []);
    expect(masks < 0.97 || scores > 2e-4).toBe(true);
  });
});

describe('the semantic decoders', () => {
  it('carry the inputs and outputs of the authors’ exports, by name and in their order', () => {
    const names = FAMILIES.map((family) => {
      const { inputs, outputs } = graphSummary(semanticDecoder(semanticModel(family)));
      return [inputs.map((tensor) => tensor.name).join(), outputs.map((tensor) => tensor.name).join()];
    });
    const sam = 'image_embeddings,point_coords,point_labels,mask_input,has_mask_input';
    expect(names).toEqual([
      [sam, 'iou_predictions,low_res_masks'],
      [`${sam},orig_im_size`, 'masks,iou_predictions,low_res_masks'],
      ['image_embeddings,point_coords,point_labels', 'scores,masks'],
      ['image_embeddings,point_coords,point_labels', 'masks,iou_predictions'],
      [
        'image_embeddings,batched_point_coords,batched_point_labels,orig_im_size',
        'output_masks,iou_predictions,2160',
      ],
      [`${sam},orig_im_size`, 'masks,iou_predictions,low_res_masks'],
      [
        sam.replace('image_embeddings', 'image_embed,high_res_feats_0,high_res_feats_1'),
        'masks,iou_predictions',
      ],
    ]);
  });
});

function testImage({ width, height }: { width: number; height: number }): SourceImage {
  const random = randomStream(5);
  const data = new Float32Array(3 * width * height);
  for (let i = 0; i < data.length; i++) {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    data[i] = Math.sin(x / (11 + 5 * c)) + Math.cos(y / (17 - 4 * c)) + 0.3 * random();
  }
  return { data, width, height };
}

function testPrompts(family: Family, frame: number): DecoderPrompt[] {
  const at = (x: number, y: number, label: -1 | 0 | 1 | 2 | 3) => ({ x: x * frame, y: y * frame, label });
  const mask = new Float32Array(32 * 32).map((_, i) => 12 * Math.sin(i / 7));
  const masked = ['nanosam', 'sam', 'tinysam', 'sam2'].includes(family);
  return [
    { points: [at(0.1, 0.2, 2), at(0.7, 0.61, 3), at(0, 0, -1)] },
    { points: [at(0.31, 0.4, 1), at(0.62, 0.18, 1), at(0.5, 0.45, 0)] },
    { points: [at(0.5, 0.5, 1), at(0.2, 0.1, 2), at(0.97, 0.8, 3)], ...(masked ? { mask } : {}) },
  ];
}

function corner(x: number, y: number, label: 2 | 3 | -1): DecoderPrompt['points'][number] {
  return { x, y, label };
}

function click(x: number, y: number, label: 0 | 1): DecoderPrompt['points'][number] {
  return { x, y, label };
}

function slice(
  outputs: Awaited<ReturnType<LoadedModel['decode']>>,
  name: string,
  row: number,
  length: number,
): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`no float output ${name}`);
  return data.subarray(row * length, (row + 1) * length);
}

function worst(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let difference = 0;
  for (let i = 0; i < got.length; i++) {
    // NaN must fail the comparison, so it counts as infinitely far.
    const distance = Math.abs((got[i] ?? Number.NaN) - (expected[i] ?? Number.NaN));
    difference = Math.max(difference, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  }
  return difference;
}

function iou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = [(a[i] ?? 0) > 0, (b[i] ?? 0) > 0];
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  return either === 0 ? 1 : both / either;
}
