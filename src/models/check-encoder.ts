import { checkFeatures } from './check-features.js';
import { type EncoderContract, type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { EMBEDDINGS } from './decoder-roles.js';
import type { GraphFaults } from './graph-faults.js';
import type { Manifest } from './manifest.js';

interface EncoderCheck {
  readonly manifest: Manifest;
  readonly encoder: GraphIO;
  readonly decoder: GraphIO;
  readonly faults: GraphFaults;
}

/** The encoder half of `checkGraph`; undefined when a fault was noted. */
export function checkEncoder(check: EncoderCheck): EncoderContract | undefined {
  const input = checkInput(check);
  const output = checkOutput(check);
  const features = checkFeatures(check);
  if (input === undefined || output === undefined || features === undefined) return undefined;
  return { ...input, ...output, features };
}

function checkInput({
  manifest,
  encoder,
  faults,
}: EncoderCheck): Pick<EncoderContract, 'input' | 'size'> | undefined {
  const { file } = manifest.encoder;
  const [tensor, ...others] = encoder.inputs;
  if (tensor === undefined || others.length > 0) {
    faults.add(`${file}: inputs`, 'one picture', list(encoder.inputs));
    return undefined;
  }
  const [width, height] = manifest.image.size;
  const native = manifest.image.fit === 'native';
  const where = `${file}: input ${tensor.name}`;
  const fits = faults.fits(tensor, {
    where,
    types: ['float32'],
    shape: native ? [1, 3, null, null] : [1, 3, height, width],
    shapeText: native ? '[1,3,H,W] with free H and W' : `[1,3,${height},${width}]`,
  });
  if (!fits) return undefined;
  if (native && (isFixed(tensor.shape[2]) || isFixed(tensor.shape[3]))) {
    const got = `[${tensor.shape.join(',')}]`;
    faults.add(where, 'free H and W, because image.fit is native', got);
    return undefined;
  }
  return { input: tensor.name, size: native ? null : { width, height } };
}

/**
 * The embedding has one of the names of {@link EMBEDDINGS} in every export we know; a lone output by another name is
 * taken too. Lengths that the encoder leaves open are taken from the decoder's input.
 */
function checkOutput({
  manifest,
  encoder,
  decoder,
  faults,
}: EncoderCheck): Pick<EncoderContract, 'output' | 'embedding'> | undefined {
  const { file } = manifest.encoder;
  const named = encoder.outputs.find((tensor) => EMBEDDINGS.includes(tensor.name));
  const tensor = named ?? (encoder.outputs.length === 1 ? encoder.outputs[0] : undefined);
  if (tensor === undefined) {
    faults.add(`${file}: outputs`, `${EMBEDDINGS.join(' or ')}, or one output only`, list(encoder.outputs));
    return undefined;
  }
  const where = `${file}: output ${tensor.name}`;
  const rule = { where, types: ['float32'], shape: [1, null, null, null], shapeText: '[1,C,H,W]' };
  if (!faults.fits(tensor, rule)) return undefined;
  const wanted = decoder.inputs.find((candidate) => EMBEDDINGS.includes(candidate.name))?.shape;
  const lengths = [1, 2, 3].map((axis) => {
    const own = tensor.shape[axis];
    const other = wanted?.[axis];
    return isFixed(own) ? own : isFixed(other) ? other : undefined;
  });
  const [channels, height, width] = lengths;
  if (channels === undefined || height === undefined || width === undefined) {
    faults.add(where, 'a fixed [1,C,H,W] here or at the decoder', `[${tensor.shape.join(',')}]`);
    return undefined;
  }
  return { output: tensor.name, embedding: [channels, height, width] };
}

function list(tensors: readonly TensorInfo[]): string {
  return tensors.length === 0 ? 'none' : tensors.map((tensor) => tensor.name).join(', ');
}
