import { type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { GraphFaults } from './graph-faults.js';
import {
  type DetectorBlock,
  type FastSamManifest,
  type ImageBlock,
  type Manifest,
  ManifestError,
} from './manifest.js';

/** Names and sizes of a YOLOv8's tensors; A, the candidates, is what the run gives. */
export interface YoloContract {
  /** [1, 3, height, width] float32. */
  readonly input: string;
  /** [1, 4 + classes + coefficients, A] float32: a box's centre, width and height in input pixels, then its scores. */
  readonly candidates: string;
  readonly classes: number;
  /** Mask coefficients of a candidate, after its scores; 0 where there are no prototypes. */
  readonly coefficients: number;
  /** [1, coefficients, h, w] float32; a segmentation network's. */
  readonly prototypes?: string;
}

export interface SegmentingYoloContract extends YoloContract {
  readonly prototypes: string;
}

/**
 * Holds a FastSAM manifest against its network.
 * @throws ManifestError with every tensor that does not fit.
 */
export function checkFastSam(manifest: FastSamManifest, graph: GraphIO): SegmentingYoloContract {
  const { encoder, image, name } = manifest;
  const contract = checkYolo({ name, file: encoder.file, image, graph, segments: true });
  const { prototypes } = contract;
  if (prototypes === undefined) throw new ManifestError(`Model ${name} does not fit its ONNX file`);
  return { ...contract, prototypes };
}

/**
 * Holds a manifest's `detector` against its network: a YOLOv8, with or without masks.
 * @throws ManifestError with every tensor that does not fit.
 */
export function checkDetector(
  { name }: Pick<Manifest, 'name'>,
  block: DetectorBlock,
  graph: GraphIO,
): YoloContract {
  return checkYolo({ name, file: block.file, image: block.image, graph, segments: false });
}

interface YoloCheck {
  readonly name: string;
  readonly file: string;
  readonly image: ImageBlock;
  readonly graph: GraphIO;
  /** Whether it must give prototypes of masks. */
  readonly segments: boolean;
}

function checkYolo(check: YoloCheck): YoloContract {
  const { name, file, graph } = check;
  const faults = new GraphFaults();
  const input = checkInput(check, faults);
  const prototypes = checkPrototypes(check, faults);
  const candidates = checkCandidates(check, prototypes?.coefficients ?? 0, faults);
  faults.throwIfAny(`Model ${name} does not fit its ONNX file`);
  if (input === undefined || candidates === undefined || (check.segments && prototypes === undefined))
    throw new ManifestError(`Model ${name} does not fit ${file}, which gives ${list(graph.outputs)}`);
  return {
    input,
    candidates: candidates.name,
    classes: candidates.classes,
    coefficients: prototypes?.coefficients ?? 0,
    ...(prototypes === undefined ? {} : { prototypes: prototypes.name }),
  };
}

function checkInput({ file, image, graph }: YoloCheck, faults: GraphFaults): string | undefined {
  const [tensor, ...others] = graph.inputs;
  if (tensor === undefined || others.length > 0) {
    faults.add(`${file}: inputs`, 'one picture', list(graph.inputs));
    return undefined;
  }
  const [width, height] = image.size;
  const rule = {
    where: `${file}: input ${tensor.name}`,
    types: ['float32'],
    shapeText: `[1,3,${height},${width}]`,
  };
  return faults.fits(tensor, { ...rule, shape: [1, 3, height, width] }) ? tensor.name : undefined;
}

/** The exporter calls them `output0` and `output1`; what they are is told by their ranks. */
function checkPrototypes(
  { file, graph, segments }: YoloCheck,
  faults: GraphFaults,
): { name: string; coefficients: number } | undefined {
  const tensor = graph.outputs.find(({ shape }) => shape?.length === 4);
  if (tensor === undefined && !segments) return undefined;
  const rule = {
    where: `${file}: output ${tensor?.name ?? 'output1'}`,
    types: ['float32'],
    shapeText: '[1,K,h,w]',
  };
  if (!faults.fits(tensor, { ...rule, shape: [1, null, null, null] })) return undefined;
  const [, coefficients] = tensor.shape;
  if (isFixed(coefficients)) return { name: tensor.name, coefficients };
  faults.add(rule.where, '[1,K,h,w] with a fixed K', `[${tensor.shape.join(',')}]`);
  return undefined;
}

function checkCandidates(
  { file, graph }: YoloCheck,
  coefficients: number,
  faults: GraphFaults,
): { name: string; classes: number } | undefined {
  const tensor = graph.outputs.find(({ shape }) => shape?.length === 3);
  const masks = coefficients > 0 ? ` + ${coefficients}` : '';
  const expected = `[1,4 + classes${masks},A] as YOLOv8's exporter writes it`;
  const where = `${file}: output ${tensor?.name ?? 'output0'}`;
  if (!faults.fits(tensor, { where, types: ['float32'], shape: [1, null, null], shapeText: expected }))
    return undefined;
  const [, rows, columns] = tensor.shape;
  const classes = isFixed(rows) ? rows - 4 - coefficients : 0;
  // Rows are few and candidates many; turned around it is an export with NMS in it ([1,300,6]).
  if (classes >= 1 && !(isFixed(rows) && isFixed(columns) && columns < rows))
    return { name: tensor.name, classes };
  faults.add(where, `${expected}, more candidates than rows`, `[${tensor.shape.join(',')}]`);
  return undefined;
}

function list(tensors: readonly TensorInfo[]): string {
  return tensors.length === 0 ? 'nothing' : tensors.map((tensor) => tensor.name).join(', ');
}
