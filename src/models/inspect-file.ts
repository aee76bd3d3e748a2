import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { externalFiles } from '../onnx/external.js';
import { readModel } from '../onnx/model.js';
import { type GraphSummary, summarise } from '../onnx/summary.js';

/** Operator sets that belong to ONNX itself; what is of others only some runtimes know. */
const STANDARD_DOMAINS = ['', 'ai.onnx'];
/** Operators of onnxruntime's dynamic quantisation, which TensorRT does not take. */
const INTEGER_OPERATORS = [
  'ConvInteger',
  'DynamicQuantizeLinear',
  'MatMulInteger',
  'QLinearConv',
  'QLinearMatMul',
];

/** A file of weights beside an ONNX file. */
export interface ExternalData {
  /** As the ONNX file names it, from its own directory. */
  readonly file: string;
  /** Undefined where it is not there. */
  readonly sizeBytes?: number;
}

export interface InspectedFile extends GraphSummary {
  readonly externalData: readonly ExternalData[];
}

/**
 * Looks into an ONNX file without a runtime: what `graphSummary` says, and which other files it needs.
 * @throws SamwireError `model_failed` where it is no whole ONNX file.
 */
export async function inspectOnnx(path: string): Promise<InspectedFile> {
  const model = readModel(await readFile(path));
  const externalData = await Promise.all(
    externalFiles(model).map(async (file): Promise<ExternalData> => {
      const found = await stat(join(dirname(path), file)).catch(() => undefined);
      return found?.isFile() ? { file, sizeBytes: found.size } : { file };
    }),
  );
  return { ...summarise(model), externalData };
}

/** What a person should know about how a network is written; a sentence each. `file` is what they call it. */
export function remarks(file: string, inspected: InspectedFile): string[] {
  const { parameters } = inspected.initializers;
  const made = inspected.producer === '' ? '' : `, made by ${inspected.producer}`;
  return [
    `${file} has ${(parameters / 1e6).toFixed(1)} M parameters, opset ${inspected.opset}${made}.`,
    ...externalRemarks(file, inspected.externalData),
    ...quantisationRemarks(file, inspected.ops),
    ...foreignRemarks(file, inspected.ops),
  ];
}

function externalRemarks(file: string, externalData: readonly ExternalData[]): string[] {
  return externalData.map(
    (data) =>
      `${file} keeps weights in ${data.file} (${data.sizeBytes ?? 0} bytes): move the two together. The manifest's SHA-256 ` +
      'does not cover it, and TensorRT and the mending of decoders want one file ' +
      '(onnx.save with save_as_external_data=False, or torch.onnx.export with external_data=False).',
  );
}

/** True where QuantizeLinear and DequantizeLinear pairs (QDQ) say how to compute in 8 bits. */
export function isQuantised({ ops }: Pick<GraphSummary, 'ops'>): boolean {
  return (ops.QuantizeLinear ?? 0) > 0 && (ops.DequantizeLinear ?? 0) > 0;
}

function quantisationRemarks(file: string, ops: GraphSummary['ops']): string[] {
  const integer = INTEGER_OPERATORS.filter((op) => (ops[op] ?? 0) > 0);
  if (integer.length > 0)
    return [
      `${file} is quantised with integer operators (${integer.join(', ')}): it runs on the onnx backend; TensorRT wants ` +
        'QuantizeLinear and DequantizeLinear pairs (QDQ) or the unquantised file.',
    ];
  if (isQuantised({ ops }))
    return [
      `${file} is quantised (${ops.DequantizeLinear} DequantizeLinear nodes, QDQ): it runs on both backends, and its ` +
        'precision is "int8".',
    ];
  return [];
}

function foreignRemarks(file: string, ops: GraphSummary['ops']): string[] {
  const foreign = foreignOperators(ops);
  if (foreign.length === 0) return [];
  return [
    `${file} has operators that are not ONNX's own (${foreign.join(', ')}): TensorRT does not know them, and its decoder, ` +
      'if it is one, is not mended.',
  ];
}

/** `domain:type` of each operator outside of ONNX's own sets. */
export function foreignOperators(ops: GraphSummary['ops']): string[] {
  return Object.keys(ops).filter(
    (op) => op.includes(':') && !STANDARD_DOMAINS.includes(op.split(':')[0] ?? ''),
  );
}
