import { describe, expect, it } from 'vitest';
import { ChunkSize } from '../../../src/pipeline/schedule/chunk-size.js';

/** A device that takes so long for a prompt. */
function settled(size: ChunkSize, msPerPrompt: number, rounds = 12): number {
  for (let i = 0; i < rounds; i += 1) {
    const { prompts } = size;
    size.note(prompts, { decodeMs: prompts * msPerPrompt * 0.9, maskMs: prompts * msPerPrompt * 0.1 });
  }
  return size.prompts;
}

describe('the size of a chunk', () => {
  it.each([
    [9, 8],
    [40, 2],
    [500, 1],
    [0.1, 64],
  ])('of prompts that take %d ms each is %d', (msPerPrompt, prompts) => {
    expect(settled(new ChunkSize(64), msPerPrompt)).toBe(prompts);
  });

  it('is never above what shares a run of the decoder', () => {
    const size = new ChunkSize(3);
    expect(size.prompts).toBe(3);
    expect(settled(size, 0.1)).toBe(3);
  });

  it('grows by doubling and shrinks at once', () => {
    const size = new ChunkSize(64);
    size.note(8, { decodeMs: 0.1, maskMs: 0 });
    expect(size.prompts).toBe(16);
    size.note(16, { decodeMs: 900, maskMs: 60 });
    expect(size.prompts).toBe(2);
  });

  it('learns nothing from a chunk without prompts', () => {
    const size = new ChunkSize(64);
    size.note(0, { decodeMs: 500, maskMs: 0 });
    expect(size.prompts).toBe(8);
  });
});
