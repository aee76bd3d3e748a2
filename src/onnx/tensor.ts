import protobuf from 'protobufjs';
import { toNumber } from './model.js';
import { ELEM_TYPES, type Int64, type TensorProto } from './schema.js';

/** Values of small tensors, as numbers; 64-bit integers beyond 2^53 lose precision, which shapes and indices never reach. */

const RAW_READERS: ReadonlyMap<number, { readonly size: number; read(view: DataView, at: number): number }> =
  new Map([
    [ELEM_TYPES.float32, { size: 4, read: (view, at) => view.getFloat32(at, true) }],
    [ELEM_TYPES.float64, { size: 8, read: (view, at) => view.getFloat64(at, true) }],
    [ELEM_TYPES.int64, { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
    [ELEM_TYPES.int32, { size: 4, read: (view, at) => view.getInt32(at, true) }],
    [ELEM_TYPES.int8, { size: 1, read: (view, at) => view.getInt8(at) }],
    [ELEM_TYPES.uint8, { size: 1, read: (view, at) => view.getUint8(at) }],
    [ELEM_TYPES.bool, { size: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) }],
  ]);

export function tensorDims(tensor: TensorProto): number[] {
  return (tensor.dims ?? []).map(toNumber);
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The values of a tensor of at most `limit` elements; undefined for bigger ones and for types and forms not read here. */
export function tensorValues(tensor: TensorProto, limit: number): number[] | undefined {
  const count = elementCount(tensorDims(tensor));
  if (!(count <= limit) || tensor.dataLocation === 1) return undefined;
  const values = tensor.rawData?.length ? rawValues(tensor, tensor.rawData) : fieldValues(tensor);
  return values?.length === count ? values : undefined;
}

function rawValues({ dataType }: TensorProto, raw: Uint8Array): number[] | undefined {
  const reader = RAW_READERS.get(dataType ?? 0);
  if (!reader) return undefined;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const count = Math.floor(raw.byteLength / reader.size);
  return Array.from({ length: count }, (_, i) => reader.read(view, i * reader.size));
}

function fieldValues(tensor: TensorProto): number[] | undefined {
  switch (tensor.dataType) {
    case ELEM_TYPES.float32:
      return chunks(tensor.floatData).flatMap((bytes) =>
        rawValues(tensor, bytes.subarray(0, bytes.length & ~3)),
      ) as number[];
    case ELEM_TYPES.int64:
      return varints(tensor.int64Data);
    case ELEM_TYPES.int32:
    case ELEM_TYPES.bool:
    case ELEM_TYPES.int8:
    case ELEM_TYPES.uint8:
      return varints(tensor.int32Data);
    default:
      return undefined;
  }
}

function chunks(data: readonly Uint8Array[] | undefined): readonly Uint8Array[] {
  return data ?? [];
}

/** A packed list of varints; undefined where one is cut off. */
function varints(data: readonly Uint8Array[] | undefined): number[] | undefined {
  const values: number[] = [];
  try {
    for (const bytes of chunks(data)) {
      const reader = protobuf.Reader.create(bytes);
      while (reader.pos < reader.len) values.push(toNumber(reader.int64() as unknown as Int64));
    }
  } catch {
    return undefined;
  }
  return values;
}

/** All values of a float32 tensor, without a copy where its bytes lie aligned; undefined for another type or a short one. */
export function float32Values(tensor: TensorProto): Float32Array | undefined {
  if (tensor.dataType !== ELEM_TYPES.float32 || tensor.dataLocation === 1) return undefined;
  const count = elementCount(tensorDims(tensor));
  const bytes = tensor.rawData?.length ? tensor.rawData : Buffer.concat(chunks(tensor.floatData));
  if (bytes.byteLength !== count * 4) return undefined;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
  return new Float32Array(aligned.buffer, aligned.byteOffset, count);
}

/** A vector of int64, as shapes, axes and repeats are given to nodes. */
export function intVector(name: string, values: readonly number[]): TensorProto {
  const data = BigInt64Array.from(values, BigInt);
  return {
    name,
    dataType: ELEM_TYPES.int64,
    dims: [values.length],
    rawData: new Uint8Array(data.buffer),
  };
}
