import { describe, expect, it } from 'vitest';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { softEdges, thinned } from '../everything/edge-reference.js';
import { type FusionModel, type FusionPrompt, fusionAnswer, fusionGraph } from '../graphs/fusion.js';
import { writeOneGraph } from '../graphs/kind-dir.js';
import { candidatesOf, directory, errorOf, expectMask, frameOf, load, prompt } from './kinds.js';
import { testPicture } from './picture.js';

/** Networks that see prompts as channels, against what SqueezeSAM's authors draw and a plain form of the network. */
const picture = testPicture(210, 130);
const IMAGE = {
  size: [128, 128],
  fit: 'stretch',
  rounding: 'round',
  filter: 'bilinear',
  channels: 'rgb',
  scale: 1,
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
  pad: 'after-normalise',
};
const PROMPTS: readonly FusionPrompt[] = [
  { box: [50, 30, 110, 95] },
  { points: [{ x: 75, y: 60, label: 1 }] },
  { box: [140.5, 20.25, 179, 128], points: [{ x: 160, y: 90, label: 1 }] },
  {
    points: [
      { x: 0, y: 0, label: 1 },
      { x: 209, y: 129, label: 1 },
      { x: 20.4, y: 100.7, label: 1 },
    ],
  },
  { box: [0, 0, 210, 130] },
];

async function open(model: FusionModel, mask: object, block: object = {}): Promise<Segmenter> {
  const dir = directory(`fusion-${Object.values(model).join('-')}-${JSON.stringify(block)}`);
  writeOneGraph(dir, fusionGraph(model), {
    name: 'squeezesam-shaped',
    family: 'early-fusion',
    image: IMAGE,
    prompt: { channels: ['box', 'points'], ...block },
    mask: { resize: 'direct', multi: [1, 2, 3], ...mask },
  });
  return load(dir);
}

const prompts = (multimask: boolean) =>
  PROMPTS.map(({ box, points = [] }, i) =>
    prompt({ id: `p${i}`, points, multimask, ...(box ? { box } : {}) }),
  );

describe('an early-fusion network', () => {
  it.each([
    ['one input, several prompts a run', { size: 128, inputs: 'one', batch: 'free', scores: true }],
    ['one input, one prompt a run', { size: 128, inputs: 'one', batch: 1, scores: true }],
    ['picture and prompt apart', { size: 128, inputs: 'two', batch: 'free', scores: true }],
    ['shapes left open', { size: 128, inputs: 'one', batch: 'free', scores: true, open: true }],
  ] as const)('with %s answers every prompt as its plain form does', async (_, model) => {
    const segmenter = await open(model, { single: 'best-multi' });
    const frame = frameOf(picture);
    const all = await segmenter.segment({ frame, prompts: prompts(true) });
    const single = await segmenter.segment({ frame, prompts: prompts(false) });
    expect(all.timing).toMatchObject({ embeddingReused: false, encodeMs: 0 });
    for (const [i, own] of PROMPTS.entries()) {
      const wanted = fusionAnswer(model, own, picture);
      const got = candidatesOf(all.results[i]);
      expect(got.map(({ index }) => index)).toEqual([1, 2, 3]);
      for (const candidate of got) {
        const { full, iou } = wanted[candidate.index] ?? { full: [], iou: 0 };
        const inside = Uint8Array.from(full, (v) => Number(v > 0));
        expectMask(candidate, inside, `prompt ${i}, candidate ${candidate.index}`, 0.99);
        expect(candidate.score).toBeCloseTo(iou, 3);
      }
      const best = [1, 2, 3].reduce((a, b) => ((wanted[b]?.iou ?? 0) > (wanted[a]?.iou ?? 0) ? b : a));
      expect(candidatesOf(single.results[i])).toEqual([got[best - 1]]);
    }
  });

  it('makes edges of the candidates that are asked for', async () => {
    const model = { size: 128, inputs: 'one', batch: 'free', scores: true } as const;
    const segmenter = await open(model, { single: 'best-multi' });
    const strength = new Float64Array(picture.width * picture.height);
    for (const own of PROMPTS) {
      const soft = softEdges(fusionAnswer(model, own, picture)[2]?.full ?? [], picture);
      for (const [i, value] of soft.entries()) strength[i] = Math.max(strength[i] ?? 0, value);
    }
    const asked = prompts(false).map((own) => ({ ...own, candidate: 2 }));
    const found = await segmenter.edges?.({
      frame: frameOf(picture),
      prompts: asked,
      first: true,
      last: true,
    });
    const expected = thinned(strength, picture);
    const wrong = [...expected].filter((value, i) => Math.abs(value - (found?.map?.data[i] ?? 0)) > 12);
    expect(wrong.length / expected.length).toBeLessThan(0.01);
    expect(found?.map?.data.filter((value) => value > 100).length).toBeGreaterThan(100);
  });

  it('without predicted IoU gives the stability on its own grid as the score', async () => {
    const model = { size: 128, inputs: 'two', batch: 'free', scores: false } as const;
    const segmenter = await open(model, { single: 2 });
    const { results } = await segmenter.segment({ frame: frameOf(picture), prompts: prompts(false) });
    for (const [i, own] of PROMPTS.entries()) {
      const [got] = candidatesOf(results[i]);
      expect(got?.index).toBe(2);
      expect(got?.score).toBeCloseTo(fusionAnswer(model, own, picture)[2]?.gridStability ?? -1, 2);
    }
  });

  it('draws nothing for a missing box where its manifest says zeros', async () => {
    const model = { size: 128, inputs: 'two', batch: 'free', scores: true } as const;
    const points = [{ x: 75, y: 60, label: 1 as const }];
    const filled = await open(model, { single: 3 });
    const empty = await open(model, { single: 3 }, { noBox: 'zeros' });
    const frame = frameOf(picture);
    const area = async (segmenter: Segmenter): Promise<number> => {
      const { results } = await segmenter.segment({ frame, prompts: [prompt({ points })] });
      return candidatesOf(results[0])[0]?.area ?? -1;
    };
    expect(await area(empty)).toBeLessThan(await area(filled));
  });

  it('refuses what no channel of it shows, each prompt alone', async () => {
    const segmenter = await open({ size: 128, inputs: 'two', batch: 'free', scores: true }, { single: 1 });
    const { results } = await segmenter.segment({
      frame: frameOf(picture),
      prompts: [
        prompt({ id: 'minus', points: [{ x: 5, y: 5, label: 0 }], box: [1, 1, 50, 50] }),
        prompt({ id: 'again', refine: 'p', box: [1, 1, 50, 50] }),
        prompt({ id: 'mask', mask: { size: [picture.height, picture.width], counts: '' } }),
        prompt({ id: 'fine', box: [1, 1, 50, 50] }),
      ],
    });
    expect(results.slice(0, 3).map((result) => errorOf(result).code)).toEqual(
      Array.from({ length: 3 }, () => 'unsupported_prompt'),
    );
    expect(errorOf(results[0]).message).toBe(
      'Prompt "minus" has a background point, but model squeezesam-shaped sees box, points only; leave it out',
    );
    expect(candidatesOf(results[3]).length).toBe(1);
  });

  it('with shapes left open and too few candidates is refused when it is loaded', async () => {
    const model = { size: 128, inputs: 'two', batch: 'free', scores: true, open: true } as const;
    await expect(open(model, { single: 7 })).rejects.toThrow(
      /network\.onnx: output masks: expected \[1,C,h,w\] with at least the 8 candidates .*, found \[1,4,32,32\]/,
    );
  });
});
