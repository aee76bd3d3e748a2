import { intAttribute, intsAttribute, tensorAttribute } from '../onnx/attributes.js';
import { ELEM_TYPES } from '../onnx/schema.js';
import { tensorValues } from '../onnx/tensor.js';
import { axisOf, MAX_VALUES, product } from './fact.js';
import { type Call, listOf, shapeRange, slicing } from './shape-rules.js';

/**
 * The values that shapes are made of: a node's outputs where all that it takes is known and there is little of it. What is
 * not listed here is not known; nothing is guessed.
 */
export function outputValues(
  call: Call,
  shapes: readonly (readonly number[] | null)[],
  type: number,
): readonly (readonly number[] | undefined)[] {
  const unknown = shapes.map(() => undefined);
  const op = call.node.domain ? '' : (call.node.opType ?? '');
  if (op === 'Shape') return call.inputs[0]?.dims ? [shapeRange(call)] : unknown;
  if (op === 'Size') return [call.inputs[0]?.dims ? [product(call.inputs[0].dims)] : undefined];
  const known = call.inputs.every((input, i) => !call.node.input?.[i] || input?.values);
  if (!known || shapes.some((dims) => !dims || product(dims) > MAX_VALUES)) return unknown;
  const dims = shapes as readonly (readonly number[])[];
  if (op === 'Split') return split(call, dims);
  return [values(op, call, dims[0] ?? [], type)];
}

type Binary = (a: number, b: number) => number;

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  Abs: Math.abs,
  Ceil: Math.ceil,
  Exp: Math.exp,
  Floor: Math.floor,
  Identity: (x) => x,
  Neg: (x) => -x,
  Not: (x) => (x === 0 ? 1 : 0),
  Reciprocal: (x) => 1 / x,
  Sqrt: Math.sqrt,
};

const BINARY: Readonly<Record<string, Binary>> = {
  Add: (a, b) => a + b,
  And: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  Div: (a, b) => a / b,
  Equal: (a, b) => (a === b ? 1 : 0),
  Greater: (a, b) => (a > b ? 1 : 0),
  GreaterOrEqual: (a, b) => (a >= b ? 1 : 0),
  Less: (a, b) => (a < b ? 1 : 0),
  LessOrEqual: (a, b) => (a <= b ? 1 : 0),
  Max: Math.max,
  Min: Math.min,
  Mul: (a, b) => a * b,
  Or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  Pow: (a, b) => a ** b,
  Sub: (a, b) => a - b,
};

const FOLDS: Readonly<Record<string, Binary>> = {
  ReduceMax: Math.max,
  ReduceMin: Math.min,
  ReduceProd: (a, b) => a * b,
  ReduceSum: (a, b) => a + b,
};

function values(op: string, call: Call, dims: readonly number[], type: number): number[] | undefined {
  const unary = UNARY[op];
  if (unary) return input(call, 0).map(unary);
  const binary = BINARY[op];
  // An integer's division cuts off towards zero, in ONNX as in C.
  if (binary)
    return spread(call, dims, binary).map((x) => (op === 'Div' && isInteger(type) ? Math.trunc(x) : x));
  if (FOLDS[op]) return folded(call, dims, FOLDS[op]);
  switch (op) {
    case 'Cast':
      return input(call, 0).map((x) =>
        type === ELEM_TYPES.bool ? (x === 0 ? 0 : 1) : isInteger(type) ? Math.trunc(x) : x,
      );
    case 'Reshape':
    case 'Flatten':
    case 'Squeeze':
    case 'Unsqueeze':
      return [...input(call, 0)];
    case 'ConstantOfShape': {
      const value = tensorAttribute(call.node, 'value');
      const filling = value ? tensorValues(value, 1)?.[0] : 0;
      return filling === undefined ? undefined : Array.from({ length: product(dims) }, () => filling);
    }
    case 'Range': {
      const [start = 0, , delta = 1] = [0, 1, 2].map((i) => input(call, i)[0]);
      return Array.from({ length: dims[0] ?? 0 }, (_, i) => start + i * delta);
    }
    default:
      return moved(op, call, dims);
  }
}

/** Operators that only move elements. */
function moved(op: string, call: Call, dims: readonly number[]): number[] | undefined {
  const { node } = call;
  const shape = shapeOf(call, 0);
  switch (op) {
    case 'Concat':
      return concatenated(call, dims);
    case 'Expand':
    case 'Tile':
      return pick(dims, shape, input(call, 0), (at) => wrapped(at, shape));
    case 'Where': {
      const [condition, yes, no] = [0, 1, 2].map((i) => spreadOne(call, i, dims));
      return condition?.map((c, i) => (c === 0 ? no?.[i] : yes?.[i]) ?? 0);
    }
    case 'Gather': {
      const axis = axisOf(intAttribute(node, 'axis', 0), shape.length);
      const indexShape = shapeOf(call, 1);
      const indices = input(call, 1);
      return pick(dims, shape, input(call, 0), (at) => {
        const index = indices[flat(at.slice(axis, axis + indexShape.length), indexShape)] ?? 0;
        const wanted = index < 0 ? index + (shape[axis] ?? 0) : index;
        return [...at.slice(0, axis), wanted, ...at.slice(axis + indexShape.length)];
      });
    }
    case 'Slice': {
      const parts = slicing(call);
      return pick(dims, shape, input(call, 0), (at) =>
        at.map((i, axis) => (parts[axis]?.start ?? 0) + i * (parts[axis]?.step ?? 1)),
      );
    }
    case 'Transpose': {
      const perm = intsAttribute(node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
      return pick(dims, shape, input(call, 0), (at) => shape.map((_, axis) => at[perm.indexOf(axis)] ?? 0));
    }
    case 'OneHot':
      return oneHot(call, dims);
    default:
      return undefined;
  }
}

function oneHot(call: Call, dims: readonly number[]): number[] {
  const [depth = 0] = input(call, 1);
  const [off = 0, on = 1] = input(call, 2);
  const shape = shapeOf(call, 0);
  const axis = intAttribute(call.node, 'axis', -1);
  const place = axis < 0 ? axis + shape.length + 1 : axis;
  return indices(dims).map((at) => {
    const hot = input(call, 0)[flat([...at.slice(0, place), ...at.slice(place + 1)], shape)] ?? 0;
    return at[place] === (hot < 0 ? hot + depth : hot) ? on : off;
  });
}

function concatenated(call: Call, dims: readonly number[]): number[] {
  const axis = axisOf(intAttribute(call.node, 'axis', 0), dims.length);
  return indices(dims).map((at) => {
    let i = 0;
    let along = at[axis] ?? 0;
    while (along >= (shapeOf(call, i)[axis] ?? Number.POSITIVE_INFINITY))
      along -= shapeOf(call, i++)[axis] ?? 0;
    return input(call, i)[flat(at.with(axis, along), shapeOf(call, i))] ?? 0;
  });
}

function split(call: Call, shapes: readonly (readonly number[])[]): number[][] {
  const shape = shapeOf(call, 0);
  const axis = axisOf(intAttribute(call.node, 'axis', 0), shape.length);
  let start = 0;
  return shapes.map((dims) => {
    const first = start;
    start += dims[axis] ?? 0;
    return pick(dims, shape, input(call, 0), (at) => at.with(axis, (at[axis] ?? 0) + first));
  });
}

function folded(call: Call, dims: readonly number[], fold: Binary): number[] | undefined {
  const shape = shapeOf(call, 0);
  const axes = listOf(call, 1, 'axes')?.map((axis) => axisOf(axis, shape.length)) ?? shape.map((_, i) => i);
  const result: (number | undefined)[] = Array.from({ length: product(dims) });
  const keep = intAttribute(call.node, 'keepdims', 1) === 1;
  indices(shape).forEach((at, i) => {
    const left = keep
      ? at.map((x, axis) => (axes.includes(axis) ? 0 : x))
      : at.filter((_, axis) => !axes.includes(axis));
    const to = flat(left, dims);
    const value = input(call, 0)[i] ?? 0;
    const old = result[to];
    result[to] = old === undefined ? value : fold(old, value);
  });
  return result.every((value) => value !== undefined) ? (result as number[]) : undefined;
}

function spread(call: Call, dims: readonly number[], combine: Binary): number[] {
  return call.inputs
    .map((_, i) => spreadOne(call, i, dims))
    .reduce((left, right) => left.map((value, i) => combine(value, right[i] ?? 0)));
}

function spreadOne(call: Call, index: number, dims: readonly number[]): number[] {
  const shape = shapeOf(call, index);
  return pick(dims, shape, input(call, index), (at) => wrapped(at, shape));
}

/** The element of a broadcast or repeated tensor that an element of the result comes from. */
function wrapped(at: readonly number[], shape: readonly number[]): number[] {
  return shape.map((length, i) => (at[at.length - shape.length + i] ?? 0) % length);
}

function pick(
  dims: readonly number[],
  shape: readonly number[],
  data: readonly number[],
  from: (at: number[]) => readonly number[],
): number[] {
  return indices(dims).map((at) => data[flat(from(at), shape)] ?? 0);
}

/** Every index of a tensor, in row-major order. */
function indices(dims: readonly number[]): number[][] {
  return Array.from({ length: product(dims) }, (_, i) => {
    const at = new Array<number>(dims.length);
    let rest = i;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      at[axis] = rest % (dims[axis] ?? 1);
      rest = Math.floor(rest / (dims[axis] ?? 1));
    }
    return at;
  });
}

function flat(at: readonly number[], dims: readonly number[]): number {
  return dims.reduce((index, length, axis) => index * length + (at[axis] ?? 0), 0);
}

function input(call: Call, index: number): readonly number[] {
  return call.inputs[index]?.values ?? [];
}

function shapeOf(call: Call, index: number): readonly number[] {
  return call.inputs[index]?.dims ?? [];
}

function isInteger(type: number): boolean {
  return type === ELEM_TYPES.int64 || type === ELEM_TYPES.int32;
}
