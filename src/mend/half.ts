import { ELEM_TYPES, type TensorProto } from '../onnx/schema.js';
import { float32Values } from '../onnx/tensor.js';

/** The greatest number of IEEE 754 half precision. */
const LARGEST = 65504;
/** Below this a float32 rounds to a half of 0 (half of the smallest subnormal, 2^-24). */
const SMALLEST = 2 ** -25;
/** Constants of no more elements count one by one: an epsilon that became 0 would divide by it. */
const FEW = 16;

/** A float32 tensor in half precision under another name, each value rounded to the nearest, ties to even. */
export function halfTensor(tensor: TensorProto, name: string): TensorProto {
  const values = float32Values(tensor) ?? new Float32Array();
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const half = new Uint16Array(bits.length);
  for (let i = 0; i < bits.length; i++) half[i] = halfBits(bits[i] as number);
  return {
    name,
    dataType: ELEM_TYPES.float16,
    dims: [...(tensor.dims ?? [])],
    rawData: new Uint8Array(half.buffer),
  };
}

/**
 * Whether a tensor's values may be halves: finite ones must stay finite, and the few values of a small constant must not
 * become 0. False also for one whose values can't be read.
 */
export function fitsHalf(tensor: TensorProto): boolean {
  const values = float32Values(tensor);
  if (!values) return false;
  const counts = values.length <= FEW;
  for (const value of values) {
    const size = Math.abs(value);
    if (size > LARGEST && size !== Number.POSITIVE_INFINITY) return false;
    if (counts && size !== 0 && size <= SMALLEST) return false;
  }
  return true;
}

/** The bits of a half from those of a float32, by integers alone. */
export function halfBits(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const size = single & 0x7fffffff;
  if (size >= 0x7f800000) return sign | 0x7c00 | (size > 0x7f800000 ? 0x200 : 0);
  // From 65520 on the nearest half is infinity.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= 0x38800000) {
    const rebased = size - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  if (size <= 0x33000000) return sign;
  const shift = 126 - (size >>> 23);
  const mantissa = (size & 0x7fffff) | 0x800000;
  const rest = mantissa & ((1 << shift) - 1);
  const floor = mantissa >>> shift;
  const tie = 1 << (shift - 1);
  return sign | (rest > tie || (rest === tie && (floor & 1) === 1) ? floor + 1 : floor);
}
