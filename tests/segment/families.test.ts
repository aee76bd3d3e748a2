import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { MaskItem } from '../../src/masks/types.js';
import { readModelDirectory } from '../../src/models/directory.js';
import { loadAddon } from '../../src/native/addon.js';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { segmentImage } from '../../src/pipeline/segment-image.js';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { createSegmenter } from '../../src/segment/create.js';
import type { Segmenter } from '../../src/segment/segmenter.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { FAMILIES, type SemanticModel, semanticModel } from '../graphs/semantics.js';
import { decodeRle } from './coco-rle.js';
import { expectedMasks, maskIou, TAKES_MASKS, type TestPrompt } from './expected.js';
import { type Picture, testPicture } from './picture.js';
import { leftPart, testPrompts } from './prompts.js';

const dir = mkdtempSync(join(tmpdir(), 'samwire-families-'));
const addon = loadAddon();
const open: Segmenter[] = [];
afterEach(async () => {
  for (const segmenter of open.splice(0)) await segmenter.close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function load(model: SemanticModel): Promise<Segmenter> {
  const path = join(dir, `${model.family}-${model.batch}`);
  writeSemanticModel(path, model);
  const directory = await readModelDirectory(path);
  const log = pino({ level: 'silent' });
  const segmenter = await createSegmenter({ model: directory, threads: 1, log });
  open.push(segmenter);
  return segmenter;
}

/** The message's masks, held against the schema. */
async function segment(segmenter: Segmenter, { rgb, width, height }: Picture, message: object) {
  const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 1, seq: 0 });
  try {
    const answer = await segmentImage({
      addon,
      segmenter,
      frame,
      message: parsePromptMessage(JSON.stringify(message), DEFAULT_PROMPT_LIMITS),
      encodings: ['rle'],
      polygonTolerancePx: 1,
    });
    return masksMessageSchema.parse(JSON.parse(JSON.stringify(answer.message))).masks;
  } finally {
    addon.releaseFrame(frame.id);
  }
}

function expectMask(
  model: SemanticModel,
  picture: Picture,
  prompt: TestPrompt,
  got: readonly MaskItem[],
): void {
  const wanted = expectedMasks(model, picture, prompt, { multimask: got.length > 1 });
  expect(wanted.length).toBe(got.length);
  wanted.forEach((expected, k) => {
    const item = got[k];
    if (!item?.rle) throw new Error(`${prompt.id} has no mask ${k}`);
    const mask = decodeRle(item.rle);
    const name = `${prompt.id}#${k}`;
    expect(maskIou(mask, expected.mask), name).toBeGreaterThanOrEqual(0.999);
    expect(item.area, name).toBe(mask.reduce((sum, value) => sum + value, 0));
    expect(item.box, name).toEqual(boxOf(mask, picture.width));
    expect(Math.abs(item.score - expected.score), name).toBeLessThan(1e-4);
    expect(Math.abs(item.stability - expected.stability), name).toBeLessThan(2e-3);
  });
}

function boxOf(mask: Uint8Array, width: number): number[] | null {
  const inside = [...mask.keys()].filter((i) => mask[i]);
  if (inside.length === 0) return null;
  const [xs, ys] = [inside.map((i) => i % width), inside.map((i) => Math.floor(i / width))];
  const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b));
  return [least(xs), least(ys), most(xs) + 1, most(ys) + 1];
}

const PICTURES = [
  testPicture(301, 213),
  testPicture(173, 267),
  // Smaller than the encoder's input.
  testPicture(123, 87),
] as const;

describe.each(FAMILIES)('%s', (family) => {
  it.each(['free', 1] as const)(
    'gives the masks, scores and stability of its authors’ way, batch %s',
    async (batch) => {
      const model = semanticModel(family, { batch });
      const segmenter = await load(model);
      for (const picture of PICTURES) {
        const prompts = testPrompts(model, picture);
        const masks = await segment(segmenter, picture, { prompts });
        expect(masks.map(({ id }) => id)).toEqual(prompts.map(({ id }) => id));
        for (const [i, prompt] of prompts.entries())
          expectMask(model, picture, prompt, [masks[i] as MaskItem]);
      }
    },
  );

  it('gives the three candidates of each prompt with multimask', async () => {
    const model = semanticModel(family);
    const segmenter = await load(model);
    const [picture] = PICTURES;
    const prompts = testPrompts(model, picture).slice(0, 4);
    const masks = (await segment(segmenter, picture, { prompts, multimask: true })) as MaskItem[];
    expect(masks.map(({ id }) => id)).toEqual(prompts.flatMap(({ id }) => [`${id}#0`, `${id}#1`, `${id}#2`]));
    for (const [i, prompt] of prompts.entries())
      expectMask(model, picture, prompt, masks.slice(3 * i, 3 * i + 3));
  });

  it('decodes more prompts than go into one run, each for itself', async () => {
    const model = semanticModel(family);
    const segmenter = await load(model);
    const picture = testPicture(160, 120);
    const prompts = Array.from({ length: 19 }, (_, i): TestPrompt => {
      const [x, y] = [4 * i + 3, 3 * i + 10];
      return i % 3 === 1
        ? { id: `p${i}`, points: [{ x, y, label: 1 }] }
        : { id: `p${i}`, box: [x, y, x + 60, y + 40] };
    });
    const masks = await segment(segmenter, picture, { prompts });
    for (const [i, prompt] of prompts.entries()) expectMask(model, picture, prompt, [masks[i] as MaskItem]);
  });

  if (!TAKES_MASKS.includes(family))
    it('refuses a mask prompt alone, because its decoder takes none', async () => {
      const model = semanticModel(family);
      const segmenter = await load(model);
      const [picture] = PICTURES;
      const box = testPrompts(model, picture)[0] as TestPrompt;
      const prompts = [{ ...box, id: 'mask', mask: leftPart(picture) }, box];
      const masks = await segment(segmenter, picture, { prompts });
      expect(masks[0]).toMatchObject({ id: 'mask', error: { code: 'unsupported_prompt' } });
      expectMask(model, picture, box, [masks[1] as MaskItem]);
    });
});

describe('a prompt that fails', () => {
  it('fails alone: a mask whose runs do not add up, of another size, or more points than the model takes', async () => {
    const model = semanticModel('sam');
    const segmenter = await load(model);
    const picture = testPicture(160, 120);
    const [box] = testPrompts(model, picture);
    if (!box) throw new Error('no prompt');
    const size = [120, 160];
    const points = Array.from({ length: 11 }, (_, i) => ({ x: 5 * i, y: 20, label: 1 }));
    const masks = await segment(segmenter, picture, {
      prompts: [
        { id: 'short', mask: { size, counts: '0P1' } },
        { id: 'garbage', mask: { size, counts: '\u0001\u0002' } },
        { id: 'long', mask: { size, counts: leftPart(testPicture(160, 121)).counts } },
        { id: 'size', mask: leftPart(testPicture(161, 120)) },
        { id: 'many', points },
        box,
      ],
    });
    expect(masks.map((mask) => ('error' in mask ? mask.error.code : 'mask'))).toEqual([
      'invalid_message',
      'invalid_message',
      'invalid_message',
      'invalid_message',
      'unsupported_prompt',
      'mask',
    ]);
    expectMask(model, picture, box, [masks[5] as MaskItem]);
  });
});
