import { describe, expect, it } from 'vitest';
import { Gate } from '../../src/mqtt/gate.js';

describe('a gate', () => {
  it('lets a bounded number in, and the others in their order as places become free', async () => {
    const gate = new Gate(2);
    expect(await gate.enter(1)).toBe(true);
    expect(await gate.enter(1)).toBe(true);
    const order: string[] = [];
    const third = gate.enter(60_000).then(() => order.push('third'));
    const fourth = gate.enter(60_000).then(() => order.push('fourth'));
    gate.leave();
    gate.leave();
    await Promise.all([third, fourth]);
    expect(order).toEqual(['third', 'fourth']);
    expect(gate.inside).toBe(2);
    const empty = gate.empty();
    gate.leave();
    gate.leave();
    await empty;
    expect(gate.inside).toBe(0);
  });

  it('turns away who waited too long, without losing a place', async () => {
    const gate = new Gate(1);
    await gate.enter(1);
    expect(await gate.enter(5)).toBe(false);
    gate.leave();
    expect(gate.inside).toBe(0);
    expect(await gate.enter(1)).toBe(true);
  });
});
