import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsHalf, halfBits, halfTensor } from '../../src/mend/half.js';
import { halfValue } from './round-halves.js';

function toHalf(value: number): number {
  return halfBits(new Uint32Array(Float32Array.of(value).buffer)[0] as number);
}

function tensor(values: readonly number[]) {
  const data = Float32Array.from(values);
  return { name: 't', dataType: 1, dims: [values.length], rawData: new Uint8Array(data.buffer) };
}

describe('halves', () => {
  it('come back from float32 as they were, all of them', () => {
    const different: number[] = [];
    for (let bits = 0; bits < 65536; bits++) {
      const value = halfValue(bits);
      const back = toHalf(value);
      if (Number.isNaN(value) ? !Number.isNaN(halfValue(back)) : back !== bits) different.push(bits);
    }
    expect(different).toEqual([]);
  });

  it('are the nearest to a float32, the even one of two that are as near', () => {
    const nearest = (value: number): void => {
      const bits = toHalf(value);
      const distance = Math.abs(halfValue(bits) - value);
      const size = bits & 0x7fff;
      for (const other of [size - 1, size + 1].filter((one) => one >= 0 && one < 0x7c00)) {
        const away = Math.abs(halfValue((bits & 0x8000) | other) - value);
        if (distance > away || (distance === away && size % 2 !== 0))
          throw new Error(`${value} became ${halfValue(bits)}`);
      }
    };
    fc.assert(fc.property(fc.float({ min: Math.fround(-65504), max: Math.fround(65504) }), nearest), {
      numRuns: 3000,
    });
    fc.assert(fc.property(fc.float({ min: Math.fround(-1e-4), max: Math.fround(1e-4) }), nearest), {
      numRuns: 3000,
    });
    for (let bits = 0; bits < 0x7bff; bits++) nearest((halfValue(bits) + halfValue(bits + 1)) / 2);
  });

  it('are infinite from 65520 on', () => {
    expect(halfValue(toHalf(65519))).toBe(65504);
    expect(halfValue(toHalf(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(halfValue(toHalf(-1e30))).toBe(Number.NEGATIVE_INFINITY);
  });

  it('of a tensor keep its shape, wherever its bytes lie', () => {
    const whole = tensor([1, -2.5, 3]);
    const shifted = new Uint8Array(13);
    shifted.set(whole.rawData, 1);
    for (const rawData of [whole.rawData, shifted.subarray(1)])
      expect(halfTensor({ ...whole, rawData }, 'h')).toMatchObject({
        name: 'h',
        dataType: 10,
        dims: [3],
        rawData: new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x4200).buffer),
      });
  });

  it('fit where finite values stay finite, and a lone small one is not lost', () => {
    expect(fitsHalf(tensor([65504, -1, Number.POSITIVE_INFINITY]))).toBe(true);
    expect(fitsHalf(tensor([65505]))).toBe(false);
    expect(fitsHalf(tensor([1e-12]))).toBe(false);
    expect(fitsHalf(tensor([0, 1e-6]))).toBe(true);
    expect(fitsHalf(tensor([...Array.from({ length: 100 }, () => 1), 1e-12]))).toBe(true);
    expect(fitsHalf({ ...tensor([1]), rawData: new Uint8Array(3) })).toBe(false);
  });
});
