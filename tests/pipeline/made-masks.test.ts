import { describe, expect, it } from 'vitest';
import type { NativeFrameInfo } from '../../src/native/types.js';
import { PipelineService, type PipelineServiceOptions } from '../../src/pipeline/service.js';
import { maskItem, masksMessage } from '../outputs/messages.js';

const OPTIONS = {
  perCameraPerSec: 1,
  perClientPerSec: 1,
  cameras: new Map(),
} as unknown as PipelineServiceOptions;
const FRAME = { id: 1 } as NativeFrameInfo;

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
