import type { Random } from './random.js';

const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** A block that is doubled may be as long as this. */
const MAX_BLOCK = 64;

/** One change of the bytes. `tokens` are what the format is made of. */
export function mutatedBytes(
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  tokens: readonly string[],
  random: Random,
): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + random.below(MAX_BLOCK));
  switch (random.below(9)) {
    case 0:
      return replaced(bytes, at, 1, [random.below(256)]);
    case 1:
      return replaced(bytes, at, 1, [(bytes[at] ?? 0) ^ (1 << random.below(8))]);
    case 2:
      return replaced(bytes, at, 0, [random.below(256)]);
    case 3:
      return replaced(bytes, at, length, []);
    case 4:
      return replaced(bytes, at, 0, bytes.subarray(at, at + length));
    case 5:
      return number(bytes, at, random);
    case 6: {
      const other = others.length > 0 ? random.pick(others) : bytes;
      return replaced(bytes, at, bytes.length - at, other.subarray(random.below(other.length + 1)));
    }
    case 7:
      return bytes.subarray(0, at);
    default:
      if (tokens.length === 0)
        return replaced(
          bytes,
          at,
          length,
          bytes.subarray(random.below(bytes.length + 1)).subarray(0, length),
        );
      return replaced(bytes, at, random.chance(0.5) ? 0 : length, Buffer.from(random.pick(tokens)));
  }
}

function replaced(bytes: Uint8Array, at: number, length: number, by: ArrayLike<number>): Uint8Array {
  const result = new Uint8Array(bytes.length - Math.min(length, bytes.length - at) + by.length);
  result.set(bytes.subarray(0, at));
  result.set(by, at);
  result.set(bytes.subarray(at + length), at + by.length);
  return result;
}

function number(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const size = random.pick([1, 2, 4]);
  const data = new DataView(new ArrayBuffer(4));
  data.setUint32(0, random.pick(NUMBERS), random.chance(0.5));
  return replaced(bytes, at, size, new Uint8Array(data.buffer, random.pick([0, 4 - size]), size));
}
