import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { finishTiming } from '../../src/masks/timing.js';
import { errorAnswer, fittedMasks, masksPayload } from '../../src/mqtt/answers.js';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { masksMessage } from './service.js';

const prompt = parsePromptMessage('{"requestId":"r1","box":[0,0,1,1]}', DEFAULT_PROMPT_LIMITS);
const message = masksMessage('front', prompt, 'x'.repeat(1000));

describe('a masks answer', () => {
  it('has stages that sum to captureToPublishMs', () => {
    const timing = finishTiming(message.timing, 0.25);
    expect(timing).toMatchObject({ publishMs: 0.25, captureToPublishMs: 21.25, embeddingReused: false });
  });

  it('is the message as it was, with publishMs measured from when the masks were there', () => {
    const sent = JSON.parse(masksPayload(message, performance.now() - 10).payload.toString());
    expect({ ...sent, timing: message.timing }).toEqual(JSON.parse(JSON.stringify(message)));
    expect(sent.timing.publishMs).toBeGreaterThanOrEqual(10);
    expect(sent.timing.captureToPublishMs).toBeCloseTo(21 + sent.timing.publishMs, 2);
  });

  it('is made smaller only when it does not fit', async () => {
    const sinceMs = performance.now();
    const fitting = await fittedMasks(message, { maxPayloadBytes: 10_000, sinceMs, service: {} });
    expect(JSON.parse(fitting.payload.toString()).degraded).toBeUndefined();
    const degrade = async () => ({ message: { ...message, masks: [], degraded: 'none' as const } });
    const smaller = await fittedMasks(message, { maxPayloadBytes: 1000, sinceMs, service: { degrade } });
    expect(JSON.parse(smaller.payload.toString())).toMatchObject({ degraded: 'none', requestId: 'r1' });
    expect(fitting.message.masks).toBe(message.masks);
    expect(smaller.message).toMatchObject({ degraded: 'none', masks: [] });
    for (const { payload, message: told } of [fitting, smaller])
      expect(JSON.parse(payload.toString())).toEqual(JSON.parse(JSON.stringify(told)));
    await expect(
      fittedMasks(message, { maxPayloadBytes: 100, sinceMs, service: { degrade } }),
    ).rejects.toMatchObject({
      code: 'too_large',
    });
    await expect(fittedMasks(message, { maxPayloadBytes: 100, sinceMs, service: {} })).rejects.toMatchObject({
      code: 'too_large',
    });
  });
});

describe('an error answer', () => {
  it('names the request and the camera where they are known', () => {
    const error = new SamwireError('no_frame', 'No frame yet.', { details: [] });
    expect(JSON.parse(errorAnswer(error, { requestId: 'r', camera: 'c' }).payload.toString())).toEqual({
      requestId: 'r',
      camera: 'c',
      code: 'no_frame',
      message: 'No frame yet.',
    });
    expect(JSON.parse(errorAnswer(error, {}).payload.toString())).toEqual({
      code: 'no_frame',
      message: 'No frame yet.',
    });
  });
});
