import { describe, expect, it } from 'vitest';
import { PacketLimit } from '../../src/mqtt/packet-limit.js';

const KB = 1024;
const NONE = 268_435_455;

function packetLimit() {
  const clock = { now: 0 };
  const learned: number[] = [];
  const limit = new PacketLimit(
    (bytes) => learned.push(bytes),
    () => clock.now,
  );
  limit.connected(NONE);
  return { limit, learned, clock };
}

/** A connection on which these were sent, and those before `acknowledged` were taken. */
function connection(limit: PacketLimit, sizes: readonly number[], acknowledged = 0): void {
  limit.connected(NONE);
  const orders = sizes.map((bytes) => limit.sent(bytes));
  if (acknowledged > 0) limit.acknowledged(orders[acknowledged - 1] ?? 0);
  limit.lost();
}

describe('the broker’s packet size', () => {
  it('is what the broker tells', () => {
    const { limit } = packetLimit();
    expect(limit.bytes).toBe(NONE);
    limit.connected(5000);
    expect(limit.bytes).toBe(5000);
  });

  it('is learned where connections end over packets that are larger than any before', () => {
    const { limit, learned } = packetLimit();
    connection(limit, [100, 20 * KB, 200 * KB, 300], 2);
    connection(limit, [200 * KB]);
    expect(limit.bytes).toBe(NONE);
    connection(limit, [180 * KB, 170 * KB]);
    expect(limit.bytes).toBe(128 * KB);
    // It can be smaller still, but not than what was taken.
    for (let i = 0; i < 3; i++) connection(limit, [20 * KB, 120 * KB], 1);
    for (let i = 0; i < 3; i++) connection(limit, [50 * KB, 64 * KB], 1);
    expect(learned).toEqual([128 * KB, 64 * KB, 50 * KB]);
    expect(limit.bytes).toBe(50 * KB);
  });

  it('is not learned of packets like those that arrived, of small ones, or where a connection ended between without any', () => {
    const { limit } = packetLimit();
    connection(limit, [200 * KB, 10], 2);
    for (let i = 0; i < 5; i++) connection(limit, [150 * KB, 200 * KB, 15 * KB]);
    const other = packetLimit().limit;
    for (let i = 0; i < 5; i++) connection(other, [15 * KB]);
    for (let i = 0; i < 2; i++) connection(other, [200 * KB]);
    connection(other, [10]);
    for (let i = 0; i < 2; i++) connection(other, [200 * KB]);
    expect([limit.bytes, other.bytes]).toEqual([NONE, NONE]);
  });

  it('is tried again after an hour', () => {
    const { limit, clock } = packetLimit();
    for (let i = 0; i < 3; i++) connection(limit, [200 * KB]);
    clock.now = 3_600_000;
    expect(limit.bytes).toBeLessThan(200 * KB);
    clock.now += 1;
    expect(limit.bytes).toBe(NONE);
  });
});
