/** What is known of a tensor while shapes are worked through with numbers. */
export interface Fact {
  /** TensorProto.DataType; 0 where it is not known. */
  readonly type: number;
  /** Null where the shape depends on the data, or on an operator that is not known here. */
  readonly dims: readonly number[] | null;
  /** The values, where they follow from shapes and constants alone and are few. */
  readonly values?: readonly number[];
}

/** Shapes, axes and repeats have some ten elements; longer tensors are pictures of something else. */
export const MAX_VALUES = 256;

/** A node whose inputs do not fit together at this size. */
export class ShapeMismatch extends Error {}

export function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}

/** An axis counted from the end as one counted from the front. */
export function axisOf(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= Math.max(rank, 1))
    throw new ShapeMismatch(`axis ${axis} of a tensor of rank ${rank}`);
  return at;
}

/** Numpy's broadcasting, which is ONNX's. */
export function broadcast(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    let length = 1;
    for (const dims of shapes) {
      const dim = dims[axis - rank + dims.length] ?? 1;
      if (dim === 1 || dim === length) continue;
      if (length !== 1)
        throw new ShapeMismatch(`[${shapes.map((s) => s.join(',')).join('] and [')}] do not broadcast`);
      length = dim;
    }
    return length;
  });
}
