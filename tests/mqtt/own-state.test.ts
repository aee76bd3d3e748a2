import { describe, expect, it } from 'vitest';
import { OwnState } from '../../src/mqtt/own-state.js';

const startedAtMs = 1000;
const state = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const other = state({ state: 'online', since: 2000, version: '0.1.0' });

function announced(): OwnState {
  const own = new OwnState(startedAtMs);
  own.announced();
  return own;
}

describe('a state on the node’s own topic', () => {
  it('is another process’ when this one never published it and it began later', () => {
    expect(announced().isForeign(other)).toBe(true);
    expect(announced().isForeign(state({ state: 'offline', since: 2000 }))).toBe(true);
  });

  it('is this process’ own when it published it, also as its last will', () => {
    const own = announced();
    own.remember(other);
    expect(own.isForeign(other)).toBe(false);
  });

  it('says nothing before this process has told its own', () => {
    expect(new OwnState(startedAtMs).isForeign(other)).toBe(false);
  });

  it('says nothing when it is older than this process: what the broker restored after a crash', () => {
    expect(announced().isForeign(state({ state: 'online', since: 999 }))).toBe(false);
  });

  it.each([
    state({ state: 'stopped', since: 2000 }),
    state({ since: 2000 }),
    state(null),
    Buffer.from('x'),
    Buffer.alloc(0),
  ])('says nothing when it is %s', (payload) => {
    expect(announced().isForeign(payload)).toBe(false);
  });

  it('is remembered for the newest states only', () => {
    const own = announced();
    own.remember(other);
    for (let since = 3000; since < 3255; since += 1) own.remember(state({ state: 'building', since }));
    expect(own.isForeign(other)).toBe(false);
    own.remember(state({ state: 'building', since: 9999 }));
    expect(own.isForeign(other)).toBe(true);
  });
});
