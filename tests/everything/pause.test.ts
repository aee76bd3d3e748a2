import { describe, expect, it } from 'vitest';
import { createPause } from '../../src/everything/pause.js';

describe('a pause', () => {
  it('lets others run when the thread was held for too long, and costs nothing before', async () => {
    const order: string[] = [];
    let clock = 0;
    const pause = createPause(() => clock);
    setImmediate(() => order.push('other'));
    await pause();
    order.push('short');
    clock += 12;
    await pause();
    order.push('long');
    expect(order).toEqual(['short', 'other', 'long']);
  });
});
