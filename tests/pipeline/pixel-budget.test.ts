import { describe, expect, it } from 'vitest';
import { PixelBudget } from '../../src/pipeline/pixel-budget.js';

const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

describe('the pixels of pictures at work', () => {
  it('are bounded in all; the next picture waits its turn, a small one behind a large one too', async () => {
    const budget = new PixelBudget(100);
    const order: string[] = [];
    const take = (name: string, pixels: number): Promise<() => void> =>
      budget.take(pixels).then((leave) => {
        order.push(name);
        return leave;
      });
    const first = await take('first', 60);
    const second = take('second', 60);
    const small = take('small', 10);
    await settled();
    expect(order).toEqual(['first']);
    first();
    first();
    (await second)();
    (await small)();
    expect(order).toEqual(['first', 'second', 'small']);
  });

  it('let a picture of more than all of them through, alone', async () => {
    const budget = new PixelBudget(100);
    const leave = await budget.take(1000);
    const next = budget.take(1);
    let in_ = false;
    void next.then(() => {
      in_ = true;
    });
    await settled();
    expect(in_).toBe(false);
    leave();
    (await next)();
    (await budget.take(100))();
  });
});
