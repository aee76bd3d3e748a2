import { describe, expect, it } from 'vitest';
import { Tries } from '../../src/http/guard/tries.js';

function tries() {
  const clock = { now: 0 };
  const made = new Tries(() => clock.now);
  const fail = (address: string, count: number) => {
    for (let n = 0; n < count; n += 1) made.failed(address);
  };
  return { clock, tries: made, fail };
}

describe('wrong tokens', () => {
  it('hold an address up after ten, for one of them at a time', () => {
    const { clock, tries: made, fail } = tries();
    fail('10.0.0.1', 9);
    expect(made.waitMs('10.0.0.1')).toBe(0);
    fail('10.0.0.1', 1);
    expect(made.waitMs('10.0.0.1')).toBe(6000);
    clock.now += 5000;
    expect(made.waitMs('10.0.0.1')).toBeGreaterThan(900);
    clock.now += 1000;
    expect(made.waitMs('10.0.0.1')).toBe(0);
    fail('10.0.0.1', 1);
    expect(made.waitMs('10.0.0.1')).toBe(6000);
    clock.now += 60_000;
    fail('10.0.0.1', 9);
    expect(made.waitMs('10.0.0.1')).toBe(0);
  });

  it('hold up no other address', () => {
    const { tries: made, fail } = tries();
    fail('10.0.0.1', 20);
    expect(made.waitMs('10.0.0.2')).toBe(0);
    expect(made.waitMs('::ffff:10.0.0.1')).toBeGreaterThan(0);
  });

  it('count for the whole network of an IPv6 address', () => {
    const { tries: made, fail } = tries();
    fail('2001:db8:1:2::1', 5);
    fail('2001:db8:1:2:ffff:ffff:ffff:1', 5);
    expect(made.waitMs('2001:db8:1:2:aaaa::7%eth0')).toBeGreaterThan(0);
    expect(made.waitMs('2001:db8:1:3::1')).toBe(0);
    expect(made.waitMs('::1')).toBe(0);
  });

  it('are forgotten when more than 1024 addresses have failed, the oldest first', () => {
    const { tries: made, fail } = tries();
    fail('10.0.0.1', 10);
    for (let n = 0; n < 1023; n += 1) made.failed(`10.1.${n >> 8}.${n & 255}`);
    expect(made.waitMs('10.0.0.1')).toBeGreaterThan(0);
    made.failed('10.2.0.0');
    expect(made.waitMs('10.0.0.1')).toBe(0);
  });

  it('of a client that has gone already are counted too', () => {
    const { tries: made, fail } = tries();
    fail('', 10);
    expect(made.waitMs('')).toBeGreaterThan(0);
  });
});
