/** MAT-files of level 5, little-endian, written from MathWorks' description of the format. */
import { deflateSync } from 'node:zlib';

/** What `struct` needs: a matrix is given by rows. */
export interface MatMatrix {
  readonly rows: readonly (readonly number[])[];
  readonly type: 'logical' | 'uint16' | 'double';
}

function element(type: number, data: Buffer): Buffer {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type, 0);
  tag.writeUInt32LE(data.length, 4);
  return Buffer.concat([tag, data, Buffer.alloc((8 - (data.length % 8)) % 8)]);
}

/** Up to four bytes within the tag. */
function small(type: number, data: Buffer): Buffer {
  const whole = Buffer.alloc(8);
  whole.writeUInt16LE(type, 0);
  whole.writeUInt16LE(data.length, 2);
  data.copy(whole, 4);
  return whole;
}

function int32s(...values: number[]): Buffer {
  const data = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) data.writeInt32LE(value, 4 * i);
  return data;
}

const text = (name: string): Buffer =>
  name.length > 0 && name.length <= 4 ? small(1, Buffer.from(name)) : element(1, Buffer.from(name));

function matrix(flags: number, dims: readonly number[], name: string, ...parts: Buffer[]): Buffer {
  const head = [element(6, int32s(flags, 0)), element(5, int32s(...dims)), text(name)];
  return element(14, Buffer.concat([...head, ...parts]));
}

export function numbers({ rows, type }: MatMatrix, name = ''): Buffer {
  const [height, width] = [rows.length, rows[0]?.length ?? 0];
  const values = Array.from(
    { length: height * width },
    (_, i) => rows[i % height]?.[Math.floor(i / height)] ?? 0,
  );
  const bytes = { logical: 1, uint16: 2, double: 8 }[type];
  const data = Buffer.alloc(values.length * bytes);
  for (const [i, value] of values.entries()) {
    if (type === 'logical') data.writeUInt8(value, i);
    else if (type === 'uint16') data.writeUInt16LE(value, 2 * i);
    else data.writeDoubleLE(value, 8 * i);
  }
  const [mxClass, storage] = { logical: [0x209, 2], uint16: [11, 4], double: [6, 9] }[type] as [
    number,
    number,
  ];
  const part = data.length <= 4 ? small(storage, data) : element(storage, data);
  return matrix(mxClass, [height, width], name, part);
}

export function struct(fields: Readonly<Record<string, MatMatrix>>): Buffer {
  const names = Buffer.alloc(32 * Object.keys(fields).length);
  for (const [i, key] of Object.keys(fields).entries()) names.write(key, 32 * i);
  const values = Object.values(fields).map((field) => numbers(field));
  return matrix(2, [1, 1], '', small(5, int32s(32)), element(1, names), ...values);
}

export function cells(name: string, members: readonly Buffer[]): Buffer {
  return matrix(1, [1, members.length], name, ...members);
}

export function matFile(variables: readonly Buffer[], compressed = true): Buffer {
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file');
  header.fill(0, 116, 124);
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  const packed = variables.map((variable) => {
    if (!compressed) return variable;
    const data = deflateSync(variable);
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(15, 0);
    tag.writeUInt32LE(data.length, 4);
    return Buffer.concat([tag, data]);
  });
  return Buffer.concat([header, ...packed]);
}
