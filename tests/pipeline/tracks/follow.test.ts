import { describe, expect, it } from 'vitest';
import type { SchedulerAnswer } from '../../../src/pipeline/schedule/request.js';
import { followPrompts } from '../../../src/pipeline/tracks/follow.js';
import { checkPromptMessage, DEFAULT_PROMPT_LIMITS } from '../../../src/prompts/message.js';
import type { PromptResult } from '../../../src/segment/segmenter.js';
import { rectangle, setupTracks } from './doubles.js';

const BOX = [4, 4, 14, 14] as const;
const OTHER = [30, 20, 44, 40] as const;

/** What the model answered to these prompts, on the camera's newest frame; the caller lets go of it. */
async function answered(all: ReturnType<typeof setupTracks>, results: Record<string, PromptResult>) {
  await all.push(1);
  const frame = all.camera.acquire('latest');
  if (!frame) throw new Error('no frame');
  const prompts = Object.keys(results).map((id) => ({ id, label: `label of ${id}`, points: [], box: BOX }));
  const timing = { prepareMs: 1, encodeMs: 1, decodeMs: 1, maskMs: 1, embeddingReused: false };
  const rest = { skewMs: 0, ageMs: 0, queueMs: 0, timing, answeredAtMs: 1 };
  const answer: SchedulerAnswer = { frame, prompts, results: Object.values(results), ...rest };
  const message = (more: object) =>
    checkPromptMessage(
      { track: true, prompts: prompts.map(({ id }) => ({ id, box: BOX })), ...more },
      DEFAULT_PROMPT_LIMITS,
    );
  return { answer, message };
}

describe('a prompt message with track', () => {
  it('has its masks followed, but not those that are empty or failed', async () => {
    const all = setupTracks();
    const { answer, message } = await answered(all, {
      cup: { candidates: [rectangle(BOX)] },
      nothing: { candidates: [rectangle(null)] },
      failed: { error: { code: 'unsupported_prompt', message: 'no' } },
    });
    const followed = followPrompts(all.tracking, {
      camera: 'front',
      message: message({ ttlMs: 500 }),
      answer,
    });
    expect([...followed.extra]).toEqual([['cup', { track: { state: 'tracked', ageMs: 0 } }]]);
    expect(followed.refused.size).toBe(0);
    expect(all.listed()).toMatchObject([{ id: 'cup', label: 'label of cup', box: BOX, ttlLeftMs: 500 }]);
    await all.close();
  });

  it('has the best of several candidates followed, under the prompt’s id', async () => {
    const all = setupTracks();
    const { answer, message } = await answered(all, {
      cup: { candidates: [rectangle(null, 0.99), rectangle(BOX, 0.5), rectangle(OTHER, 0.8)] },
    });
    const followed = followPrompts(all.tracking, {
      camera: 'front',
      message: message({ multimask: true }),
      answer,
    });
    expect([...followed.extra.keys()]).toEqual(['cup#2']);
    expect(all.listed()).toMatchObject([{ id: 'cup', box: OTHER }]);
    await all.close();
  });

  it('is told of what found no room', async () => {
    const all = setupTracks({ maxPerCamera: 1 });
    const { answer, message } = await answered(all, {
      cup: { candidates: [rectangle(BOX)] },
      hand: { candidates: [rectangle(OTHER)] },
    });
    const followed = followPrompts(all.tracking, { camera: 'front', message: message({}), answer });
    expect([...followed.refused]).toMatchObject([['hand', { code: 'overloaded' }]]);
    expect(all.listed().map(({ id }) => id)).toEqual(['cup']);
    await all.close();
  });
});
