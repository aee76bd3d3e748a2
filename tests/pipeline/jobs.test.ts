import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { loadAddon } from '../../src/native/addon.js';
import { answerJob, type JobTools } from '../../src/pipeline/jobs.js';
import { PixelBudget } from '../../src/pipeline/pixel-budget.js';
import { Scheduler } from '../../src/pipeline/schedule/scheduler.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS } from '../../src/prompts/message.js';
import { encode, testPicture } from '../segment/picture.js';
import { PacedSegmenter } from './doubles.js';

const addon = loadAddon();

/** A job on a picture of 64 × 48, and the real scheduler before a segmenter that answers when it is told to. */
async function setup(prompt: Record<string, unknown> = {}, queueLimit = 8) {
  const segmenter = new PacedSegmenter(1);
  const scheduler = new Scheduler({
    segmenter,
    releaseFrame: (id) => addon.releaseFrame(id),
    queueLimit,
    maxPrompts: 8,
    onDeviceFailed: () => {},
  });
  const tools: JobTools = {
    scheduler,
    segmenter,
    addon,
    encodings: ['rle'],
    polygonTolerancePx: 1,
    maxImagePixels: 64 * 48,
    pixels: new PixelBudget(4 * 64 * 48),
  };
  const message = {
    jobId: 'j1',
    image: await encode(testPicture(64, 48)),
    prompt: checkPromptMessage({ box: [1, 2, 30, 40], ...prompt }, DEFAULT_PROMPT_LIMITS),
  };
  return { segmenter, scheduler, tools, message };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('a job', () => {
  it('is segmented on its picture, which is let go of', async () => {
    const { segmenter, tools, message } = await setup({ requestId: 'r1' });
    const receivedAtMs = Date.now() - 5;
    const answer = answerJob({ message, context: { receivedAtMs } }, tools);
    await until(() => segmenter.requests.length === 1);
    expect(segmenter.requests[0]?.frame).toMatchObject({ width: 64, height: 48 });
    await segmenter.answer();
    expect((await answer).message).toMatchObject({
      requestId: 'r1',
      source: 'job',
      camera: null,
      frame: { seq: 0, timestamp: receivedAtMs, width: 64, height: 48 },
      masks: [{ id: '0' }],
    });
    expect(addon.framesInUse()).toBe(0);
  });

  it('is not decoded before there is room for its pixels, and gives the room back', async () => {
    const { segmenter, tools, message } = await setup({});
    const pixels = new PixelBudget(64 * 48);
    const both = [1, 2].map(() =>
      answerJob({ message, context: { receivedAtMs: Date.now() } }, { ...tools, pixels }),
    );
    await until(() => segmenter.requests.length === 1);
    expect(addon.framesInUse()).toBe(1);
    await segmenter.answer();
    await until(() => segmenter.requests.length === 2);
    await segmenter.answer();
    await Promise.all(both);
    (await pixels.take(64 * 48))();
  });

  it('waits where the queue has no room for it', async () => {
    const { segmenter, tools, message } = await setup({}, 1);
    let answered = 0;
    const jobs = [1, 2, 3, 4].map(async () => {
      const answer = await answerJob({ message, context: { receivedAtMs: Date.now() } }, tools);
      answered += 1;
      return answer.message.masks.length;
    });
    while (answered < 4) {
      const served = segmenter.requests.length;
      if (served > answered) await segmenter.answer();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await Promise.all(jobs)).toEqual([1, 1, 1, 1]);
    expect(addon.framesInUse()).toBe(0);
  });

  it('that is too late is told so', async () => {
    const { scheduler, segmenter, tools, message } = await setup({ maxAgeMs: 0 });
    const receivedAtMs = Date.now() - 100;
    await expect(answerJob({ message, context: { receivedAtMs } }, tools)).rejects.toMatchObject({
      code: 'expired',
    });
    const { prompt } = (await setup()).message;
    const context = { receivedAtMs, expiresAtMs: receivedAtMs + 50 };
    const late = answerJob({ message: { ...message, prompt }, context }, tools);
    await expect(late).rejects.toMatchObject({ code: 'expired' });
    expect(segmenter.requests).toEqual([]);
    expect(scheduler.length).toBe(0);
    expect(addon.framesInUse()).toBe(0);
  });

  it('that waits when the node stops is refused, not queued again', async () => {
    const { scheduler, segmenter, tools, message } = await setup();
    const jobs = [1, 2].map(() => answerJob({ message, context: { receivedAtMs: Date.now() } }, tools));
    await until(() => segmenter.requests.length === 1 && scheduler.length === 1);
    const refused = jobs.map((job) => expect(job).rejects.toMatchObject({ code: 'overloaded' }));
    scheduler.close({ graceMs: 0 });
    await Promise.all(refused);
    await segmenter.answer();
    expect(addon.framesInUse()).toBe(0);
  });

  it('is refused for a picture that is too large or broken, or that the model fails on', async () => {
    const { segmenter, tools, message } = await setup();
    const context = { receivedAtMs: Date.now() };
    const large = { ...message, image: await encode(testPicture(65, 48)) };
    await expect(answerJob({ message: large, context }, tools)).rejects.toMatchObject({ code: 'too_large' });
    const broken = { ...message, image: message.image.subarray(0, 100) };
    await expect(answerJob({ message: broken, context }, tools)).rejects.toMatchObject({
      code: 'invalid_image',
    });
    const failed = expect(answerJob({ message, context }, tools)).rejects.toMatchObject({
      code: 'model_failed',
    });
    await until(() => segmenter.requests.length === 1);
    await segmenter.answer(new SamwireError('model_failed', 'no memory'));
    await failed;
    expect(addon.framesInUse()).toBe(0);
  });
});
