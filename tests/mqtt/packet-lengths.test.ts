import { describe, expect, it } from 'vitest';
import { keepPacketLengths, packetWriter } from '../../src/mqtt/packet-lengths.js';

/** The encoded length that a publication with a payload of so many bytes is written with. */
function writtenLength(payloadBytes: number): Buffer {
  const pieces: Buffer[] = [];
  const write = (piece: Uint8Array | string): boolean => pieces.push(piece as Buffer) > 0;
  const packet = {
    cmd: 'publish',
    topic: 't',
    payload: Buffer.alloc(payloadBytes),
    qos: 0,
    dup: false,
    retain: false,
  };
  packetWriter().writeToStream(packet, { write });
  const [, length] = pieces;
  if (length === undefined) throw new Error('no length was written');
  return length;
}

describe('lengths of packets', () => {
  it('lie together, however many messages of how many lengths have gone out', () => {
    keepPacketLengths();
    const slabs = new Set<ArrayBufferLike>();
    const samples = Array.from({ length: 1000 }, (_, i) => 16 * i);
    for (const bytes of samples) {
      // What else a node has in its slabs between two messages.
      Buffer.allocUnsafe(3000);
      const length = writtenLength(bytes);
      expect(length).toEqual(encoded(bytes + 3));
      // The same piece each time: it was kept, not made.
      expect(writtenLength(bytes)).toBe(length);
      slabs.add(length.buffer);
    }
    expect(slabs.size).toBeLessThan(25);
  });
});

/** A variable byte integer of MQTT (5.0, 1.5.5). */
function encoded(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}
