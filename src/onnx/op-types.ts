import { intAttribute, tensorAttribute } from './attributes.js';
import { ELEM_TYPES, type NodeProto } from './schema.js';

const { bool, float32, int32, int64, uint8 } = ELEM_TYPES;

/** Operators whose outputs have a type of their own; in all others the outputs are of the first input's. */
const FIXED: Readonly<Record<string, readonly number[]>> = {
  ArgMax: [int64],
  ArgMin: [int64],
  And: [bool],
  ConvInteger: [int32],
  Equal: [bool],
  Greater: [bool],
  GreaterOrEqual: [bool],
  IsInf: [bool],
  IsNaN: [bool],
  Less: [bool],
  LessOrEqual: [bool],
  MatMulInteger: [int32],
  NonMaxSuppression: [int64],
  NonZero: [int64],
  Not: [bool],
  Or: [bool],
  Shape: [int64],
  Size: [int64],
  StringNormalizer: [ELEM_TYPES.string],
  Xor: [bool],
};

/**
 * Element types (TensorProto.DataType) of a node's outputs, 0 where the operator says nothing of them. `inputs` are the
 * types of its inputs, 0 for one that is left out. Rules: the operators' type constraints in the ONNX specification.
 */
export function outputTypes(node: NodeProto, inputs: readonly number[]): number[] {
  const count = node.output?.length ?? 0;
  const first = inputs[0] ?? 0;
  const all = (type: number): number[] => Array.from({ length: count }, () => type);
  const op = node.opType ?? '';
  const fixed = FIXED[op];
  if (fixed) return all(fixed[0] ?? 0);
  switch (op) {
    case 'Cast':
      return all(intAttribute(node, 'to', 0));
    case 'CastLike':
    case 'Where':
      return all(inputs[1] ?? 0);
    case 'Constant':
      return all(0);
    case 'ConstantOfShape':
      return all(tensorAttribute(node, 'value')?.dataType ?? float32);
    case 'OneHot':
      return all(inputs[2] ?? 0);
    case 'TopK':
    case 'MaxPool':
    case 'Unique':
      return [first, ...all(int64).slice(1)];
    case 'Dropout':
      return [first, ...all(bool).slice(1)];
    case 'DequantizeLinear':
      return all(inputs[1] ?? float32);
    case 'QuantizeLinear':
      return all(inputs[2] || intAttribute(node, 'output_dtype', uint8));
    case 'DynamicQuantizeLinear':
      return [uint8, float32, uint8].slice(0, count);
    case 'EyeLike':
      return all(intAttribute(node, 'dtype', first));
    case 'RandomNormal':
    case 'RandomUniform':
      return all(intAttribute(node, 'dtype', float32));
    case 'If':
    case 'Loop':
    case 'Scan':
      return all(0);
    default:
      return all(first);
  }
}
