import type { FaultDetail } from '../errors.js';
import { type Dimension, describeTensor, isFixed, type TensorInfo } from './contract.js';
import { ManifestError } from './manifest.js';

/** A length that a tensor must have, several that it may have, or `null`: any. */
export type Expected = number | readonly number[] | null;

export interface TensorRule {
  /** For messages: `decoder.onnx: input point_coords`. */
  readonly where: string;
  readonly types: readonly string[];
  readonly shape: readonly Expected[];
  /** The expected shape as text, for messages: `[B,N,2]`. */
  readonly shapeText: string;
}

/** Collects what does not fit, so that a person sees all of it at once. */
export class GraphFaults {
  readonly #faults: FaultDetail[] = [];

  add(path: string, expected: string, got: string): void {
    this.#faults.push({ path, expected, got });
  }

  /** True when the tensor is there and fits; otherwise the fault is noted. A symbolic length fits everything. */
  fits(
    tensor: TensorInfo | undefined,
    rule: TensorRule,
  ): tensor is TensorInfo & { shape: readonly Dimension[] } {
    const expected = `${rule.shapeText} ${rule.types.join(' or ')}`;
    if (tensor === undefined) {
      this.add(rule.where, expected, 'no such tensor');
      return false;
    }
    const shape = tensor.shape;
    const fitting =
      shape !== null &&
      rule.types.includes(tensor.type) &&
      shape.length === rule.shape.length &&
      shape.every((length, axis) => allows(rule.shape[axis] ?? null, length));
    if (!fitting) this.add(rule.where, expected, describeTensor(tensor));
    return fitting;
  }

  throwIfAny(headline: string): void {
    if (this.#faults.length === 0) return;
    const lines = this.#faults.map(
      ({ path, expected, got }) => `  ${path}: expected ${expected}, found ${got}`,
    );
    throw new ManifestError(`${headline}:\n${lines.join('\n')}`, this.#faults);
  }
}

function allows(expected: Expected, length: Dimension): boolean {
  if (expected === null || !isFixed(length)) return true;
  return typeof expected === 'number' ? expected === length : expected.includes(length);
}
