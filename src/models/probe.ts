import '../onnx/no-telemetry.js';
import ort, { type InferenceSession } from 'onnxruntime-node';
import { type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { declaredCandidates, findIou } from './decoder-outputs.js';
import { COORDS, isFeature, LABELS, ORIG_SIZES } from './decoder-roles.js';

/** Side of the picture that a decoder is told of, in pixels: it makes full-size masks of it. */
const PICTURE = 64;
const POINTS = 2;

/**
 * How many candidates a decoder gives for a prompt: as the file declares it, else by one run on zeros, since exporters leave
 * the lengths of outputs open. Undefined where the run says nothing. For commands, as `readGraph`.
 */
export async function countCandidates(path: string, decoder: GraphIO): Promise<number | undefined> {
  const declared = declaredCandidates(decoder);
  const iou = findIou(decoder.outputs.map(({ name }) => name));
  if (declared !== undefined || iou === undefined) return declared;
  let session: InferenceSession | undefined;
  try {
    session = await ort.InferenceSession.create(path, {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    });
    const feeds = Object.fromEntries(decoder.inputs.map((tensor) => [tensor.name, zeros(tensor)]));
    const result = await session.run(feeds, [iou]);
    return result[iou]?.dims.at(-1);
  } catch {
    // What does not run here is for `samwire models verify` to explain.
    return undefined;
  } finally {
    await session?.release();
  }
}

/** One prompt of two points, everything 0 but the picture's size. */
function zeros(tensor: TensorInfo): ort.Tensor {
  const { name, shape } = tensor;
  const rank = shape?.length ?? 0;
  const pointsAxis = COORDS.includes(name) ? rank - 2 : LABELS.includes(name) ? rank - 1 : -1;
  if (isFeature(name) && shape?.slice(1).some((length) => !isFixed(length)))
    throw new Error(`Expected fixed lengths of ${name}`);
  const dims = (shape ?? []).map((length, axis) =>
    isFixed(length) ? length : axis === pointsAxis ? POINTS : 1,
  );
  const count = dims.reduce((product, length) => product * length, 1);
  const value = ORIG_SIZES.includes(name) ? PICTURE : 0;
  if (tensor.type === 'int64')
    return new ort.Tensor('int64', new BigInt64Array(count).fill(BigInt(value)), dims);
  if (tensor.type === 'int32') return new ort.Tensor('int32', new Int32Array(count).fill(value), dims);
  return new ort.Tensor('float32', new Float32Array(count).fill(value), dims);
}
