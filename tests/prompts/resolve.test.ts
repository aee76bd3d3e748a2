import { describe, expect, it } from 'vitest';
import { DEFAULT_PROMPT_LIMITS, parsePromptMessage } from '../../src/prompts/message.js';
import { resolvePrompts } from '../../src/prompts/resolve.js';

const size = { width: 1920, height: 1080 };

function resolve(value: unknown) {
  return resolvePrompts(parsePromptMessage(JSON.stringify(value), DEFAULT_PROMPT_LIMITS), size);
}

describe('prompts on a frame', () => {
  it('keep pixel coordinates exactly', () => {
    const { prompts, failed } = resolve({
      box: [412.25, 180, 655, 502],
      points: [{ x: 0, y: 0.5, label: 0 }],
    });
    expect(failed).toEqual([]);
    expect(prompts).toEqual([
      { id: '0', box: [412.25, 180, 655, 502], points: [{ x: 0, y: 0.5, label: 0 }] },
    ]);
  });

  it('are scaled when they are normalized, edges included', () => {
    const { prompts, failed } = resolve({
      normalized: true,
      box: [0, 0.25, 0.5, 1],
      points: [{ x: 1, y: 1, label: 1 }],
    });
    expect(failed).toEqual([]);
    expect(prompts[0]?.box).toEqual([0, 270, 960, 1080]);
    expect(prompts[0]?.points).toEqual([{ x: 1920, y: 1080, label: 1 }]);
  });

  it('have their boxes clipped to the frame', () => {
    expect(resolve({ box: [-50, -1, 5000, 40] }).prompts[0]?.box).toEqual([0, 0, 1920, 40]);
  });

  it.each([
    ['inverted', [655, 180, 412, 502]],
    ['upside down', [412, 502, 655, 180]],
    ['of zero width', [100, 100, 100, 200]],
    ['of zero height', [100, 100, 200, 100]],
    ['left of the frame', [-20, 10, 0, 30]],
    ['right of the frame', [1920, 10, 2000, 30]],
    ['below the frame', [10, 1080, 30, 1200]],
  ])('fail alone with a box %s', (_what, box) => {
    const { prompts, failed } = resolve({
      prompts: [
        { id: 'bad', box },
        { id: 'good', box: [1, 2, 3, 4] },
      ],
    });
    expect(prompts.map(({ id }) => id)).toEqual(['good']);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ id: 'bad', error: { code: 'invalid_message' } });
    expect(failed[0]?.error.details).toEqual([
      { path: 'prompts[0].box', expected: expect.any(String), got: `[${box.join(', ')}]` },
    ]);
  });

  it('fail alone with a point outside the frame', () => {
    const { prompts, failed } = resolve({
      prompts: [
        {
          id: 'a',
          points: [
            { x: 1, y: 1 },
            { x: 1921, y: 1 },
          ],
        },
        { id: 'b', points: [{ x: 1, y: 1 }] },
      ],
    });
    expect(prompts.map(({ id }) => id)).toEqual(['b']);
    expect(failed[0]?.error.details?.[0]).toMatchObject({ path: 'prompts[0].points[1]', got: '[1921, 1]' });
  });

  it('fail alone with a mask of another size than the frame', () => {
    const mask = { size: [1920, 1080], counts: 'x' };
    const { prompts, failed } = resolve({ box: [0, 0, 9, 9], mask });
    expect(prompts).toEqual([]);
    expect(failed[0]?.error.details?.[0]).toMatchObject({ path: 'mask.size', got: '[1920, 1080]' });
    expect(resolve({ mask: { size: [1080, 1920], counts: 'x' } }).prompts).toHaveLength(1);
  });
});
