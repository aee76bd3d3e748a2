/** MATLAB's MAT-files of level 5, as far as BSDS500's ground truth needs them: cells, structures and numbers. */
import { inflateSync } from 'node:zlib';

/** A value of a MAT-file. Numbers are column by column, as MATLAB has them. */
export type MatValue =
  | { readonly kind: 'numbers'; readonly dims: readonly number[]; readonly data: readonly number[] }
  | { readonly kind: 'cells'; readonly dims: readonly number[]; readonly cells: readonly MatValue[] }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<string, readonly MatValue[]> }
  | { readonly kind: 'other' };

const HEADER_BYTES = 128;
const MI_MATRIX = 14;
const MI_COMPRESSED = 15;
/** A variable of a hostile file might inflate to anything. */
const MAX_INFLATED_BYTES = 256 * 1024 * 1024;

/** Bytes and reader of each numeric storage type. */
const READERS: Readonly<
  Record<number, readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number]>
> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

const CELL_CLASS = 1;
const STRUCT_CLASS = 2;
/** double, single, int8 to uint64: MATLAB's numeric classes. */
const NUMERIC_CLASSES: ReadonlySet<number> = new Set([6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);

interface Element {
  readonly type: number;
  readonly start: number;
  readonly bytes: number;
  /** Where the next one begins. */
  readonly next: number;
}

/**
 * The variables of a MAT-file by name.
 * @throws Error in plain words for files of another kind or that are cut off; RangeError where offsets lead outside.
 */
export function readMat(bytes: Uint8Array): ReadonlyMap<string, MatValue> {
  const view = viewOf(bytes);
  const mark =
    bytes.byteLength < HEADER_BYTES ? '' : String.fromCharCode(view.getUint8(126), view.getUint8(127));
  if (mark !== 'IM' && mark !== 'MI')
    throw new Error('it is no MAT-file of level 5 (save it with -v7, not -v7.3)');
  const little = mark === 'IM';
  const variables = new Map<string, MatValue>();
  for (let at = HEADER_BYTES; at < bytes.byteLength; ) {
    const element = elementAt(view, at, little);
    // A compressed variable is not padded.
    at = element.type === MI_COMPRESSED ? element.start + element.bytes : element.next;
    const part = partOf(view, element);
    const matrix = element.type === MI_COMPRESSED ? inflated(part, little) : part;
    if (element.type !== MI_COMPRESSED && element.type !== MI_MATRIX) continue;
    const { name, value } = matrixOf(matrix, little);
    variables.set(name, value);
  }
  return variables;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function partOf(view: DataView, { start, bytes }: Element): DataView {
  // The view may be a part of a larger buffer, which is nobody's business here.
  if (start + bytes > view.byteLength) throw new Error('it is cut off');
  return new DataView(view.buffer, view.byteOffset + start, bytes);
}

/** The matrix inside a compressed variable. */
function inflated(part: DataView, little: boolean): DataView {
  const bytes = inflateSync(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), {
    maxOutputLength: MAX_INFLATED_BYTES,
  });
  const view = viewOf(bytes);
  const element = elementAt(view, 0, little);
  if (element.type !== MI_MATRIX) throw new Error(`a compressed part of type ${element.type} is no matrix`);
  return partOf(view, element);
}

function elementAt(view: DataView, at: number, little: boolean): Element {
  const first = view.getUint32(at, little);
  const small = first >>> 16;
  // Up to four bytes stand in the tag itself.
  if (small !== 0) return { type: first & 0xffff, start: at + 4, bytes: small, next: at + 8 };
  const bytes = view.getUint32(at + 4, little);
  const start = at + 8;
  return { type: first, start, bytes, next: start + Math.ceil(bytes / 8) * 8 };
}

function numbersOf(view: DataView, element: Element, little: boolean): number[] {
  const reader = READERS[element.type];
  if (!reader) throw new Error(`numbers of storage type ${element.type} are not known`);
  const [size, read] = reader;
  const part = partOf(view, element);
  return Array.from({ length: Math.floor(element.bytes / size) }, (_, i) => read(part, i * size, little));
}

function textOf(view: DataView, element: Element): string {
  const part = partOf(view, element);
  return Array.from({ length: element.bytes }, (_, i) => String.fromCharCode(part.getUint8(i))).join('');
}

/** Flags, dimensions and name, then what the class has. */
function matrixOf(view: DataView, little: boolean): { readonly name: string; readonly value: MatValue } {
  if (view.byteLength === 0) return { name: '', value: { kind: 'numbers', dims: [0, 0], data: [] } };
  const flags = elementAt(view, 0, little);
  const mxClass = view.getUint32(flags.start, little) & 0xff;
  const sizes = elementAt(view, flags.next, little);
  const dims = numbersOf(view, sizes, little);
  const label = elementAt(view, sizes.next, little);
  const name = textOf(view, label);
  if (NUMERIC_CLASSES.has(mxClass)) {
    const data = numbersOf(view, elementAt(view, label.next, little), little);
    return { name, value: { kind: 'numbers', dims, data } };
  }
  if (mxClass === CELL_CLASS)
    return { name, value: { kind: 'cells', dims, cells: matricesFrom(view, label.next, little) } };
  if (mxClass === STRUCT_CLASS) return { name, value: structFrom(view, label.next, little) };
  return { name, value: { kind: 'other' } };
}

function matricesFrom(view: DataView, from: number, little: boolean): MatValue[] {
  const values: MatValue[] = [];
  for (let at = from; at < view.byteLength; ) {
    const element = elementAt(view, at, little);
    values.push(matrixOf(partOf(view, element), little).value);
    at = element.next;
  }
  return values;
}

function structFrom(view: DataView, from: number, little: boolean): MatValue {
  const lengths = elementAt(view, from, little);
  const [length = 0] = numbersOf(view, lengths, little);
  const names = elementAt(view, lengths.next, little);
  const text = textOf(view, names);
  const keys = Array.from(
    { length: length > 0 ? Math.floor(text.length / length) : 0 },
    (_, i) => text.slice(i * length, (i + 1) * length).split('\0')[0] ?? '',
  );
  const values = matricesFrom(view, names.next, little);
  const fields = new Map<string, MatValue[]>(keys.map((key) => [key, []]));
  for (const [i, value] of values.entries()) fields.get(keys[i % keys.length] ?? '')?.push(value);
  return { kind: 'struct', fields };
}
