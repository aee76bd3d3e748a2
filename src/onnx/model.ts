import protobuf from 'protobufjs';
import { SamwireError } from '../errors.js';
import { type Int64, type ModelProto, ONNX_SCHEMA } from './schema.js';

/**
 * Messages, strings and numbers in one file, weights not counted. The largest SAM export has about 30 thousand; each
 * costs some 200 bytes of heap, so that a hostile file of 15 million empty nodes is refused before it is decoded.
 */
const MAX_ELEMENTS = 1_000_000;
/** Subgraphs of If and Loop nest; a file deeper than this is not a network. */
const MAX_DEPTH = 64;

const LENGTH_DELIMITED = 2;

const root = protobuf.parse(ONNX_SCHEMA).root;
root.resolveAll();
const modelType = root.lookupType('onnx.ModelProto');

/**
 * Reads an ONNX model. Weights (`rawData` and its kin) are views of `bytes`, which must not change as long as the
 * model is used; everything that the schema does not name is kept and written back by {@link writeModel}.
 *
 * @throws SamwireError `model_failed` when the bytes are truncated, are not an ONNX model, nest deeper than 64
 *   messages or hold more than a million elements.
 */
export function readModel(bytes: Uint8Array): ModelProto {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let model: ModelProto;
  try {
    countElements(protobuf.Reader.create(view), modelType, view.length, { left: MAX_ELEMENTS, depth: 0 });
    const reader = protobuf.Reader.create(view);
    reader.discardUnknown = false;
    model = modelType.decode(reader) as unknown as ModelProto;
  } catch (cause) {
    if (cause instanceof SamwireError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SamwireError(
      'model_failed',
      `Expected an ONNX model, got ${bytes.length} bytes that are truncated or not ONNX (${reason}). Copy the file again.`,
      { cause },
    );
  }
  if (!model.graph || toNumber(model.irVersion ?? 0) < 1) {
    throw new SamwireError(
      'model_failed',
      `Expected an ONNX model, got ${bytes.length} bytes without ${model.graph ? 'an IR version' : 'a graph'}.`,
    );
  }
  return model;
}

/**
 * Writes a model. What `readModel` did not understand comes after the known fields of its message, byte for byte, so
 * that training information, sparse tensors and fields of later ONNX versions survive a rewrite. Fields keep their
 * presence; the order between different fields of a message is not kept, which protobuf leaves free.
 */
export function writeModel(model: ModelProto): Uint8Array {
  return modelType.encode(model).finish();
}

/** A 64-bit integer as a JavaScript number; beyond 2^53 it loses precision, which no dimension reaches. */
export function toNumber(value: Int64 | number): number {
  return typeof value === 'number' ? value : value.toNumber();
}

/**
 * Walks the wire format along the schema without building anything, so that counts and depth are known to be bounded,
 * and lengths to lie within their parents, before protobufjs allocates an object for each message.
 */
function countElements(
  reader: protobuf.Reader,
  type: protobuf.Type,
  end: number,
  budget: { left: number; depth: number },
): void {
  if (++budget.depth > MAX_DEPTH) {
    throw new SamwireError(
      'model_failed',
      `Expected an ONNX model, got one nested deeper than ${MAX_DEPTH} messages.`,
    );
  }
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (--budget.left < 0) {
      throw new SamwireError(
        'model_failed',
        `Expected an ONNX model, got one with more than ${MAX_ELEMENTS} nodes, attributes and names.`,
      );
    }
    const wireType = tag & 7;
    const field = type.fieldsById[tag >>> 3];
    if (!field || wireType !== LENGTH_DELIMITED) {
      reader.skipType(wireType);
      continue;
    }
    const length = reader.uint32();
    const fieldEnd = reader.pos + length;
    if (fieldEnd > end)
      throw new RangeError(`a field of ${length} bytes ends ${fieldEnd - end} bytes too late`);
    if (field.resolvedType instanceof protobuf.Type)
      countElements(reader, field.resolvedType, fieldEnd, budget);
    else {
      // A packed list becomes one number for at least each byte of it.
      if (field.type !== 'bytes' && field.type !== 'string') budget.left -= length;
      reader.skip(length);
    }
  }
  if (reader.pos !== end) throw new RangeError(`a message ends ${reader.pos - end} bytes too late`);
  budget.depth--;
}
