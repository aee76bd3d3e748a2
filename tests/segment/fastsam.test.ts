import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeFrameInfo } from '../../src/native/types.js';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { writeOneGraph, yoloImage } from '../graphs/kind-dir.js';
import { FASTSAM, yoloGraph } from '../graphs/yolo.js';
import { boxPrompt, fastSamObjects, pointPrompt } from '../graphs/yolo-reference.js';
import { decodeRle } from './coco-rle.js';
import { candidatesOf, directory, errorOf, expectMask, frameOf, load, pixelsOf, prompt } from './kinds.js';
import { testPicture } from './picture.js';

/** A model that finds everything first, against FastSAM's own steps in plain loops (yolo-reference.ts). */
const picture = testPicture(200, 150);
const expected = fastSamObjects(FASTSAM, picture);
let segmenter: Segmenter;
let frame: NativeFrameInfo;

beforeAll(async () => {
  const dir = directory('fastsam');
  writeOneGraph(dir, yoloGraph(FASTSAM), {
    name: 'fastsam-shaped',
    family: 'fastsam',
    image: yoloImage(FASTSAM.size),
  });
  segmenter = await load(dir);
  frame = frameOf(picture);
});

describe('FastSAM', () => {
  it('finds the objects that its authors find, with their scores, areas, boxes and stability', async () => {
    const { masks, timing } = await (segmenter.everything?.({ frame }) ?? Promise.reject(new Error('none')));
    expect(timing.embeddingReused).toBe(false);
    expect(timing.encodeMs).toBeGreaterThan(0);
    expect(expected.length).toBeGreaterThan(8);
    expect(masks.length).toBe(expected.filter(({ area }) => area > 0).length);
    for (const mask of masks) {
      const wanted = expected[mask.index];
      if (!wanted) throw new Error(`no object ${mask.index}`);
      expectMask(mask, wanted.mask, `object ${mask.index}`, 0.99);
      expect(mask.score).toBeCloseTo(wanted.score, 3);
      expect(Math.abs(mask.stability - wanted.stability)).toBeLessThan(0.01);
    }
  });

  it('gives objects on the prototypes grid as well, cut to the box', async () => {
    const { masks } = await (segmenter.everything?.({ frame }) ?? Promise.reject(new Error('none')));
    for (const { lowres, rle } of masks) {
      const [height, width] = lowres.size;
      expect(lowres.scale[0] * width).toBeCloseTo(picture.width);
      expect(lowres.scale[1] * height).toBeCloseTo(picture.height);
      const cells = decodeRle(lowres);
      const pixels = decodeRle(rle);
      const share = (mask: Uint8Array): number => mask.reduce((sum, v) => sum + v, 0) / mask.length;
      expect(Math.abs(share(cells) - share(pixels))).toBeLessThan(0.05);
    }
  });

  it('runs its network once a frame: prompts after it cost no run', async () => {
    const other = frameOf(testPicture(90, 160));
    const box = [10, 10, 60, 90] as const;
    const first = await segmenter.segment({ frame: other, prompts: [prompt({ box })] });
    const second = await segmenter.segment({ frame: other, prompts: [prompt({ box })] });
    expect(first.timing.embeddingReused).toBe(false);
    expect(second.timing).toMatchObject({ embeddingReused: true, prepareMs: 0, encodeMs: 0, decodeMs: 0 });
    expect(second.results).toEqual(first.results);
    const { timing } = await (segmenter.everything?.({ frame: other }) ?? Promise.reject(new Error('none')));
    expect(timing.embeddingReused).toBe(true);
  });

  it.each([[[40, 30, 110, 100]], [[138, 20, 170, 149]], [[0, 0, 200, 150]], [[3, 90, 60, 140]]] as const)(
    'answers the box %j with the mask of best IoU, as box_prompt',
    async (box) => {
      const { results } = await segmenter.segment({ frame, prompts: [prompt({ box })] });
      const [got, ...others] = candidatesOf(results[0]);
      const wanted = boxPrompt(expected, box, picture.width);
      if (!got || !wanted) throw new Error('no mask');
      expect(others).toEqual([]);
      expectMask(got, wanted.mask, String(box), 0.99);
      expect(got.score).toBeCloseTo(wanted.score, 3);
    },
  );

  it('rounds a box of fractions and clips it to the frame', async () => {
    const prompts = [prompt({ box: [39.6, 30.4, 110.4, 99.5] }), prompt({ box: [40, 30, 110, 100] })];
    const { results } = await segmenter.segment({ frame, prompts });
    expect(results[0]).toEqual(results[1]);
  });

  it.each([
    ['one foreground point', [{ x: 70, y: 66, label: 1 }]],
    [
      'two foreground points',
      [
        { x: 70, y: 66, label: 1 },
        { x: 160, y: 90, label: 1 },
      ],
    ],
    [
      'a foreground and a background point',
      [
        { x: 160, y: 90, label: 1 },
        { x: 180, y: 30, label: 0 },
      ],
    ],
    [
      'a background point first',
      [
        { x: 30, y: 40, label: 0 },
        { x: 110, y: 60, label: 1 },
      ],
    ],
  ] as const)('answers %s with the union minus the background, as point_prompt', async (_, points) => {
    const { results } = await segmenter.segment({ frame, prompts: [prompt({ points })] });
    const [got] = candidatesOf(results[0]);
    if (!got) throw new Error('no mask');
    const wanted = pointPrompt(expected, points, picture.width);
    expect(wanted.some((v) => v > 0)).toBe(true);
    expectMask(got, wanted, JSON.stringify(points), 0.99);
  });

  it('lays points over the mask of the box where a prompt has both', async () => {
    const box = [40, 30, 110, 100] as const;
    const points = [{ x: 160, y: 90, label: 1 as const }];
    const { results } = await segmenter.segment({
      frame,
      prompts: [prompt({ box }), prompt({ points }), prompt({ box, points })],
    });
    const [byBox, byPoint, both] = results.map((result) => pixelsOf(candidatesOf(result)[0] as never));
    expect(both).toEqual(byBox?.map((v, i) => v | (byPoint?.[i] ?? 0)));
    expect(candidatesOf(results[2])[0]?.score).toBe(candidatesOf(results[0])[0]?.score);
  });

  it('gives up to three single objects with multimask, those of the box by IoU', async () => {
    const box = [40, 30, 110, 100] as const;
    const prompts = [
      prompt({ box, multimask: true }),
      prompt({ box }),
      prompt({ points: [{ x: 70, y: 66, label: 1 }], multimask: true }),
    ];
    const { results } = await segmenter.segment({ frame, prompts });
    const several = candidatesOf(results[0]);
    expect(several.length).toBe(3);
    expect(several[0]).toEqual(candidatesOf(results[1])[0]);
    const held = candidatesOf(results[2]);
    expect(held.length).toBeGreaterThan(0);
    for (const mask of held) expect(pixelsOf(mask)[66 * picture.width + 70]).toBe(1);
    const scores = held.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  it('gives an empty mask of score 0 where nothing is selected', async () => {
    const { results } = await segmenter.segment({
      frame,
      prompts: [prompt({ points: [{ x: 70, y: 66, label: 0 }] })],
    });
    const [got] = candidatesOf(results[0]);
    expect(got).toMatchObject({ area: 0, box: null, score: 0, stability: 0 });
    expect(decodeRle(got?.rle ?? { size: [1, 1], counts: '' }).some(Boolean)).toBe(false);
    expect(decodeRle(got?.lowres ?? { size: [1, 1], counts: '' }).some(Boolean)).toBe(false);
  });

  it('leaves out what scores below the request', async () => {
    const all = await (segmenter.everything?.({ frame }) ?? Promise.reject(new Error('none')));
    const sure = await (segmenter.everything?.({ frame, minScore: 0.7 }) ??
      Promise.reject(new Error('none')));
    expect(sure.masks).toEqual(all.masks.filter(({ score }) => score >= 0.7));
    expect(sure.masks.length).toBeLessThan(all.masks.length);
    const { results } = await segmenter.segment({
      frame,
      prompts: [prompt({ box: [40, 30, 110, 100] })],
      minScore: 2,
    });
    expect(results).toEqual([{ candidates: [] }]);
  });

  it('refuses a mask and a refinement alone, with what to do', async () => {
    const mask = { size: [picture.height, picture.width] as [number, number], counts: '' };
    const { results } = await segmenter.segment({
      frame,
      prompts: [
        prompt({ id: 'a', mask }),
        prompt({ id: 'b', refine: 'p' }),
        prompt({ box: [40, 30, 110, 100] }),
      ],
    });
    expect(errorOf(results[0])).toMatchObject({ code: 'unsupported_prompt' });
    expect(errorOf(results[0]).message).toMatch(/"a" has mask, but model fastsam-shaped .* leave mask out/);
    expect(errorOf(results[1]).message).toMatch(/"b" has refine/);
    expect(candidatesOf(results[2]).length).toBe(1);
  });
});
