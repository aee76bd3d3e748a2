import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import { withdrawn } from '../../src/pipeline/schedule/refusals.js';
import { PipelineService, type PipelineServiceOptions } from '../../src/pipeline/service.js';
import type { PromptMessage } from '../../src/prompts/message.js';
import { maskItem, masksMessage } from '../outputs/messages.js';

const OPTIONS = {
  perCameraPerSec: 1,
  perClientPerSec: 1,
  cameras: new Map(),
} as unknown as PipelineServiceOptions;
const FRAME = { id: 1 } as NativeFrameInfo;

describe('a prompt', () => {
  const prompted = async (end: SamwireError): Promise<Record<string, unknown>> => {
    const front = { name: 'front', stats: () => ({}) };
    const service = new PipelineService({
      ...OPTIONS,
      addon: { framesInUse: () => 0 },
      cameras: new Map([['front', front]]),
      tracking: { stats: () => ({}) },
      detections: new Map(),
      segmenter: () => ({}),
      scheduler: () => ({ submit: () => Promise.reject(end), stats: () => ({}) }),
    } as unknown as PipelineServiceOptions);
    const message = { prompts: [], frame: 'latest' } as unknown as PromptMessage;
    await expect(service.prompt('front', message, { receivedAtMs: 0 })).rejects.toBe(end);
    return service.figures().errors;
  };

  it('whose sender went away is no error', async () => {
    expect(await prompted(withdrawn())).toEqual({});
    expect(await prompted(new SamwireError('expired', 'Late.'))).toEqual({ expired: 1 });
  });
});

describe('the masks of a message', () => {
  const rle = { size: [48, 64] as const, counts: 'x'.repeat(2000) };
  const message = masksMessage([maskItem('a', { rle })]);
  const drawable = [maskItem('a', { rle })];

  it('are found by the message, and by the smaller one that was sent in its place', () => {
    const service = new PipelineService(OPTIONS);
    service.remember('front', FRAME, { message, lowres: new Map(), drawable });
    expect(service.drawable({ ...message, requestId: 'r9' })).toBe(drawable);
    const sent = service.degrade(message, 1000).message;
    expect(sent).toMatchObject({ degraded: 'none' });
    expect(service.drawable(sent)).toBe(drawable);
  });

  it('are none of a message that was not made here', () => {
    expect(new PipelineService(OPTIONS).drawable(message)).toEqual([]);
  });
});
