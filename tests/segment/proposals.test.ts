import { describe, expect, it } from 'vitest';
import type { Proposal, Segmenter } from '../../src/segment/segmenter.js';
import { GraphBuilder } from '../graphs/builder.js';
import { addDetector, changeManifestOf, networkFile, yoloImage } from '../graphs/kind-dir.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { type YoloModel, yoloGraph } from '../graphs/yolo.js';
import { AUTHORS, candidates, inPicture, kept, type Limits, letterboxed } from '../graphs/yolo-reference.js';
import { candidatesOf, directory, frameOf, load, prompt } from './kinds.js';
import { type Picture, testPicture } from './picture.js';

/** Boxes for prompts of one's own: of a YOLOv8 beside the model (MobileSAMv2), or of the encoder (Lite-SAM). */
const picture = testPicture(200, 150);
const tall = testPicture(90, 170);

async function proposalsOf(segmenter: Segmenter, of: Picture): Promise<readonly Proposal[]> {
  return segmenter.proposals?.(frameOf(of)) ?? Promise.reject(new Error('the model proposes nothing'));
}

async function withDetector(name: string, model: YoloModel, block: object = {}): Promise<Segmenter> {
  const dir = directory(name);
  writeSemanticModel(dir, semanticModel('sam', { size: 128 }));
  addDetector(dir, yoloGraph(model), { image: yoloImage(model.size), ...block });
  return load(dir);
}

function expected(model: YoloModel, of: Picture, limits: Limits): { box: number[]; score: number }[] {
  return kept(candidates(model, letterboxed(of, model.size)), limits, model.size)
    .map(({ box, score }) => ({ box: inPicture(box, model.size, of), score }))
    .filter(({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0] }) => x1 < x2 && y1 < y2);
}

function expectBoxes(got: readonly Proposal[], wanted: readonly { box: number[]; score: number }[]): void {
  expect(wanted.length).toBeGreaterThan(3);
  expect(got.length).toBe(wanted.length);
  const near = (a: { box: readonly number[]; score: number }, b: (typeof wanted)[number]): boolean =>
    Math.abs(a.score - b.score) < 1e-3 && a.box.every((v, i) => Math.abs(v - (b.box[i] ?? 0)) < 0.5);
  // Boxes of equal score come in any order.
  for (const box of wanted)
    expect(
      got.some((one) => near(one, box)),
      JSON.stringify(box),
    ).toBe(true);
  const scores = got.map(({ score }) => score);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
}

describe('a detector beside a model', () => {
  it.each([
    ['without masks, of one class', { size: 128, classes: 1, coefficients: 0 }],
    ['without masks, of three classes', { size: 192, classes: 3, coefficients: 0 }],
    ['of a segmentation network', { size: 128, classes: 1, coefficients: 8 }],
  ] as const)('%s gives the boxes that plain loops give', async (name, model) => {
    const segmenter = await withDetector(name.replaceAll(' ', '-'), model);
    for (const of of [picture, tall])
      expectBoxes(await proposalsOf(segmenter, of), expected(model, of, AUTHORS));
    expect(segmenter.everything).toBeUndefined();
  });

  it('keeps to its limits', async () => {
    const model = { size: 192, classes: 3, coefficients: 0 } as const;
    const limits = { minScore: 0.45, nmsIou: 0.3, max: 6, border: 0 };
    const { max, border, ...rest } = limits;
    const segmenter = await withDetector('limits', model, { ...rest, maxBoxes: max, borderPx: border });
    const wanted = expected(model, picture, limits);
    expect(wanted.length).toBe(6);
    expectBoxes(await proposalsOf(segmenter, picture), wanted);
  });

  it('gives only the classes that are named', async () => {
    const model = { size: 128, classes: 3, coefficients: 0 } as const;
    const segmenter = await withDetector('classes', model, { classes: [1] });
    const all = candidates(model, letterboxed(picture, model.size)).filter(({ kind }) => kind === 1);
    const wanted = kept(all, AUTHORS, model.size).map(({ box, score }) => ({
      box: inPicture(box, model.size, picture),
      score,
    }));
    expectBoxes(await proposalsOf(segmenter, picture), wanted);
  });

  it('leaves prompts as they are', async () => {
    const segmenter = await withDetector('prompts', { size: 128, classes: 1, coefficients: 0 });
    const prompts = [prompt({ box: [30, 30, 110, 100] })];
    const { results } = await segmenter.segment({ frame: frameOf(picture), prompts });
    expect(candidatesOf(results[0]).length).toBe(1);
  });
});

/** Boxes in input pixels and scores, some of which overlap; the score of the second is the picture's mean red. */
function proposingEncoder(model: ReturnType<typeof semanticModel>): Uint8Array {
  const { size } = model;
  const g = new GraphBuilder({ name: 'proposing-encoder' });
  const image = g.input('image', [1, 3, size, size]);
  const cells = g.node('AveragePool', [image], { kernel_shape: [4, 4], strides: [4, 4] });
  const packed = g.node('SpaceToDepth', [cells], { blocksize: 4 });
  g.output(packed, 'image_embeddings', [1, 48, size / 16, size / 16]);
  const boxes = g.floats(
    [
      ...[10, 20, 60, 70],
      ...[0, 0, 128, 90],
      ...[12, 21, 60, 70],
      ...[70, 40, 100, 60],
      ...[20, 100, 60, 128],
      ...[90, 10, 120, 30],
    ],
    [1, 6, 4],
  );
  const mean = g.node('ReduceMean', [image], { axes: [1, 2, 3], keepdims: 1 });
  const score = g.node('Sigmoid', [g.node('Reshape', [mean, g.ints([1, 1, 1])])]);
  const before = g.floats([0.9], [1, 1, 1]);
  const after = g.floats([0.85, 0.7, 0.6, 0.3], [1, 4, 1]);
  const scores = g.node('Concat', [before, score, after], { axis: 1 });
  g.output(g.node('Concat', [boxes, scores], { axis: 2 }), 'proposals', [1, 6, 5]);
  return g.toBytes();
}

describe('an encoder with boxes of its own', () => {
  it('gives them in source pixels, from the run that makes the embedding', async () => {
    const model = semanticModel('sam', { size: 128 });
    const dir = directory('proposing');
    writeSemanticModel(dir, model);
    const encoder = networkFile(dir, 'encoder.onnx', proposingEncoder(model));
    changeManifestOf(dir, (manifest) => ({ ...manifest, encoder, proposals: {} }));
    const segmenter = await load(dir);
    const frame = frameOf(picture);
    const got = await (segmenter.proposals?.(frame) ?? Promise.reject(new Error('none')));
    const { timing, results } = await segmenter.segment({
      frame,
      prompts: [prompt({ box: [30, 30, 110, 100] })],
    });
    expect(timing.embeddingReused).toBe(true);
    expect(candidatesOf(results[0]).length).toBe(1);
    // 200 × 150 in 128 × 128: 1.5625 source pixels an input pixel; the picture ends at row 96.
    const wanted = [
      [15.625, 31.25, 93.75, 109.375],
      [109.375, 62.5, 156.25, 93.75],
      [0, 0, 200, 140.625],
    ];
    expect(
      got.map(({ score }) => score).filter((score) => [0.9, 0.7].some((s) => Math.abs(s - score) < 1e-6)),
    ).toHaveLength(2);
    expect(got).toHaveLength(3);
    for (const box of wanted)
      expect(
        got.some((one) => one.box.every((v, i) => Math.abs(v - (box[i] ?? 0)) < 1e-3)),
        String(box),
      ).toBe(true);
  });
});
