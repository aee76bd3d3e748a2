import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import sharp from 'sharp';
import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { readTwoGraphDirectory, type TwoGraphDirectory } from '../models/directory.js';
import { loadAddon, PACKAGE_ROOT } from '../native/addon.js';
import type { NativeFrameInfo } from '../native/types.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS, type PromptMessage } from '../prompts/message.js';
import { resolvePrompts } from '../prompts/resolve.js';
import type { FramePrompt } from '../prompts/types.js';
import { createSegmenter } from '../segment/create.js';
import type { PromptResult, Segmenter, SegmentPrompt } from '../segment/segmenter.js';
import { type Answer, compareAnswers, isTelling, passes } from './compare.js';
import type { Trial } from './record.js';
import type { referenceSchema, Task } from './tasks.js';

/** Pictures and prompts of our own; a model for other pictures than these brings its own in its directory. */
const BUNDLED = join(PACKAGE_ROOT, 'assets/self-test');
const OWN_FOLDER = 'self-test';
const PROMPTS_FILE = 'prompts.json';
/** Runs with a fresh frame each, of whose times the median is told. */
const TIMED_RUNS = 5;

interface TestPicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Buffer;
  readonly messages: readonly PromptMessage[];
}

/** The `reference` task: what the onnx backend answers, written to a file. */
export async function makeReference(
  task: Extract<Task, { task: 'reference' }>,
): Promise<z.infer<typeof referenceSchema>> {
  const model = await readTwoGraphDirectory(task.modelDir);
  const pictures = await loadPictures(model);
  const { threads } = task;
  const segmenter = await createSegmenter({ model, threads, log: silent() });
  try {
    const answers = await ask(segmenter, pictures, model);
    await writeFile(task.answers, JSON.stringify(answers));
    return { prompts: answers.length, telling: answers.filter(isTelling).length };
  } finally {
    await segmenter.close();
  }
}

/** The `self-test` task: the engines' masks against those of the reference. */
export async function runSelfTest(task: Extract<Task, { task: 'self-test' }>): Promise<Trial> {
  const model = await readTwoGraphDirectory(task.modelDir);
  const pictures = await loadPictures(model);
  const reference = JSON.parse(await readFile(task.answers, 'utf8')) as Answer[];
  const { engines } = task;
  const segmenter = await createSegmenter({
    model,
    engines,
    threads: 1,
    log: silent(),
  });
  try {
    const { rleToMask } = loadAddon();
    const prompts = compareAnswers(reference, await ask(segmenter, pictures, model), rleToMask);
    const times = await time(segmenter, pictures);
    return { ...task.precision, passed: passes(prompts), prompts, ...times };
  } finally {
    await segmenter.close();
  }
}

const entrySchema = z.array(
  z.strictObject({ image: z.string(), messages: z.array(z.record(z.string(), z.unknown())) }),
);

async function loadPictures(model: TwoGraphDirectory): Promise<TestPicture[]> {
  const own = join(model.dir, OWN_FOLDER);
  const folder = existsSync(join(own, PROMPTS_FILE)) ? own : BUNDLED;
  try {
    const entries = entrySchema.parse(JSON.parse(await readFile(join(folder, PROMPTS_FILE), 'utf8')));
    return await Promise.all(
      entries.map(async ({ image, messages }) => {
        const { data, info } = await sharp(join(folder, image))
          .removeAlpha()
          .toColourspace('srgb')
          .raw()
          .toBuffer({ resolveWithObject: true });
        const { width, height } = info;
        const parsed = messages.map((message) => checkPromptMessage(message, DEFAULT_PROMPT_LIMITS));
        return { width, height, rgb: data, messages: parsed };
      }),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`The self-test in ${folder} can't be read: ${reason}`, [], { cause });
  }
}

/** Prompts that fail (the model takes no mask, or fewer points) have no answer. */
async function ask(
  segmenter: Segmenter,
  pictures: readonly TestPicture[],
  { manifest }: TwoGraphDirectory,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const stable = manifest.mask.single === 'stable';
  for (const picture of pictures) {
    await onFrame(picture, async (frame) => {
      for (const message of picture.messages) {
        const prompts = promptsOf(message, frame);
        const chosen = await segment(segmenter, frame, prompts, { multimask: false });
        const candidates = await segment(segmenter, frame, prompts, { multimask: true });
        const firsts = stable
          ? await segment(segmenter, frame, prompts, { multimask: true, candidate: 0 })
          : undefined;
        for (const [i, { id }] of prompts.entries()) {
          const [mask] = masksOf(chosen.results[i]);
          const [first] = masksOf(firsts?.results[i]);
          if (mask)
            answers.push({
              id,
              width: frame.width,
              height: frame.height,
              chosen: mask,
              candidates: masksOf(candidates.results[i]),
              ...(first ? { first } : {}),
            });
        }
      }
    });
  }
  return answers;
}

async function time(
  segmenter: Segmenter,
  [picture]: readonly TestPicture[],
): Promise<Pick<Trial, 'encodeMs' | 'decodeMs'>> {
  const message = picture?.messages[0];
  if (!picture || !message) return { encodeMs: null, decodeMs: null };
  const encode: number[] = [];
  const decode: number[] = [];
  for (let run = 0; run < TIMED_RUNS; run++) {
    await onFrame(picture, async (frame) => {
      const { timing } = await segment(segmenter, frame, promptsOf(message, frame), { multimask: false });
      encode.push(timing.encodeMs);
      decode.push(timing.decodeMs);
    });
  }
  return { encodeMs: median(encode), decodeMs: median(decode) };
}

async function onFrame(
  { width, height, rgb }: TestPicture,
  use: (frame: NativeFrameInfo) => Promise<void>,
): Promise<void> {
  const addon = loadAddon();
  const frame = addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 0, seq: 0 });
  try {
    await use(frame);
  } finally {
    addon.releaseFrame(frame.id);
  }
}

function promptsOf(message: PromptMessage, frame: NativeFrameInfo): readonly FramePrompt[] {
  return resolvePrompts(message, frame).prompts;
}

function segment(
  segmenter: Segmenter,
  frame: NativeFrameInfo,
  prompts: readonly FramePrompt[],
  how: Pick<SegmentPrompt, 'multimask' | 'candidate'>,
) {
  return segmenter.segment({ frame, prompts: prompts.map((prompt) => ({ ...prompt, ...how })) });
}

function masksOf(result: PromptResult | undefined): Answer['candidates'] {
  if (result === undefined || 'error' in result) return [];
  return result.candidates.map(({ index, score, area, rle }) => ({ index, score, area, counts: rle.counts }));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 100) / 100;
}

function silent() {
  return pino({ level: 'silent' });
}
