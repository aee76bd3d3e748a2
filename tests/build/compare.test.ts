import { describe, expect, it } from 'vitest';
import { type Answer, type AnswerMask, compareAnswers, isTelling, passes } from '../../src/build/compare.js';

const SIDE = 100;

/** `counts` are the first and last filled pixel of a row-major picture, for the decoder below. */
function mask(from: number, to: number, score = 0.9, index = 1): AnswerMask {
  return { index, score, area: to - from, counts: `${from}-${to}` };
}

function decode(counts: string, width: number, height: number): Uint8Array {
  const [from, to] = counts.split('-').map(Number);
  return new Uint8Array(width * height).fill(1, from, to);
}

function answer(chosen: AnswerMask, candidates: readonly AnswerMask[] = []): Answer {
  return { id: 'p', width: SIDE, height: SIDE, chosen, candidates };
}

function compare(reference: Answer, own: Answer | undefined) {
  return compareAnswers([reference], own ? [own] : [], decode)[0];
}

describe('a comparison with the reference', () => {
  it('gives the IoU of the masks and the difference of the scores', () => {
    const found = compare(answer(mask(0, 1000)), answer(mask(0, 990, 0.88)));
    expect(found?.iou).toBeCloseTo(0.99, 4);
    expect(found?.scoreDelta).toBeCloseTo(0.02, 4);
  });

  it('takes empty masks for equal, and an empty one against another for wrong', () => {
    expect(compare(answer(mask(0, 0)), answer(mask(0, 0)))?.iou).toBe(1);
    expect(compare(answer(mask(0, 50)), answer(mask(0, 0)))?.iou).toBe(0);
  });

  it('takes a prompt without an answer for wrong', () => {
    expect(compare(answer(mask(0, 50)), undefined)).toEqual({ id: 'p', iou: 0, scoreDelta: 1 });
  });

  it('lets either of two candidates be chosen whose scores are a tie', () => {
    const [whole, part] = [mask(0, 1000, 0.9), mask(0, 400, 0.895)];
    expect(compare(answer(whole, [whole, part]), answer(part, [part]))?.iou).toBe(1);
    expect(compare(answer(whole, [whole]), answer(part, [whole, part]))?.iou).toBe(1);
  });

  it('does not let another candidate pass whose score is plainly lower', () => {
    const [whole, part] = [mask(0, 1000, 0.9), mask(0, 400, 0.8)];
    expect(compare(answer(whole, [whole, part]), answer(part, [part]))?.iou).toBeCloseTo(0.4);
  });

  it('lets a choice by stability be another one for two prompts, whose masks must be right', () => {
    const [first, best] = [mask(0, 1000, 0.7, 0), mask(0, 400, 0.9, 2)];
    const stable = (id: string, chosen: AnswerMask): Answer => ({ ...answer(chosen, [best]), id, first });
    const ids = ['a', 'b', 'c'];
    const found = compareAnswers(
      ids.map((id, i) => stable(id, i === 0 ? best : first)),
      ids.map((id, i) => stable(id, i === 0 ? first : best)),
      decode,
    );
    expect(found.map(({ iou }) => iou.toFixed(3))).toEqual(['1.000', '1.000', '0.400']);
    const wrong = { ...answer(mask(0, 300, 0.9, 2)), id: 'a', first };
    expect(compareAnswers([stable('a', first)], [wrong], decode)[0]?.iou).toBeCloseTo(0.75, 4);
    expect(compareAnswers([answer(first, [best])], [answer(best, [best])], decode)[0]?.iou).toBeCloseTo(
      0.4,
      4,
    );
  });

  it('never rounds up to the threshold', () => {
    const found = compare(answer(mask(0, 5000)), answer(mask(0, 4949)));
    expect(found?.iou).toBeLessThan(0.99);
  });
});

describe('engines', () => {
  const good = { id: 'a', iou: 0.995, scoreDelta: 0.01 };

  it('pass where every prompt does', () => {
    expect(passes([good, { ...good, iou: 0.99 }])).toBe(true);
  });

  it.each([
    ['one IoU below 0.99', { ...good, iou: 0.98999 }],
    ['one score that is off by more than 0.05', { ...good, scoreDelta: 0.06 }],
    ['an IoU that is no number', { ...good, iou: Number.NaN }],
  ])('fail for %s', (_, prompt) => {
    expect(passes([good, prompt, good])).toBe(false);
  });

  it('fail where nothing was compared', () => {
    expect(passes([])).toBe(false);
  });
});

describe('a mask of the reference', () => {
  it('says something unless it is next to empty or next to full', () => {
    expect(isTelling(answer(mask(0, 500)))).toBe(true);
    expect(isTelling(answer(mask(0, 0)))).toBe(false);
    expect(isTelling(answer(mask(0, 4)))).toBe(false);
    expect(isTelling(answer(mask(0, 9500)))).toBe(false);
  });
});
