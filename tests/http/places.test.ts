import { describe, expect, it } from 'vitest';
import { Places } from '../../src/http/places.js';

const places = () => new Places({ what: 'pictures', inAll: 3, perClient: 2 });

describe('places', () => {
  it('are bounded for each client, and in all', () => {
    const bounded = places();
    bounded.take('a');
    bounded.take('a');
    expect(() => bounded.take('a')).toThrow(expect.objectContaining({ code: 'rate_limited' }));
    const leave = bounded.take('b');
    expect(() => bounded.take('b')).toThrow(expect.objectContaining({ code: 'overloaded' }));
    leave();
    leave();
    expect(bounded.taken).toBe(2);
    bounded.take('c');
    expect(() => bounded.take('b')).toThrow(expect.objectContaining({ code: 'overloaded' }));
  });

  it('keep nothing of a client that has left', () => {
    const bounded = places();
    for (let i = 0; i < 1000; i++) bounded.take(`client ${i}`)();
    expect(bounded.taken).toBe(0);
  });
});
