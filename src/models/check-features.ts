import { type Feature, type GraphIO, isFixed, type TensorInfo } from './contract.js';
import { isFeature } from './decoder-roles.js';
import type { GraphFaults } from './graph-faults.js';
import type { Manifest } from './manifest.js';

interface FeaturesCheck {
  readonly manifest: Manifest;
  readonly encoder: GraphIO;
  readonly decoder: GraphIO;
  readonly faults: GraphFaults;
}

/**
 * The feature maps that a decoder takes beside the embedding, in its order: each is the encoder's output of the same
 * name, [1, C, H, W] float32. Lengths that one of the two files leaves open are taken from the other. Undefined when a
 * fault was noted.
 */
export function checkFeatures(check: FeaturesCheck): Feature[] | undefined {
  const wanted = check.decoder.inputs.filter(({ name }) => isFeature(name));
  const features = wanted.map((tensor) => checkFeature(tensor, check));
  return features.every((feature) => feature !== undefined) ? features : undefined;
}

function checkFeature(tensor: TensorInfo, { manifest, encoder, faults }: FeaturesCheck): Feature | undefined {
  const { name } = tensor;
  const where = `${manifest.decoder.file}: input ${name}`;
  const given = encoder.outputs.find((output) => output.name === name);
  if (given === undefined) {
    const outputs = encoder.outputs.map((output) => output.name).join(', ');
    faults.add(
      where,
      `an input that Samwire feeds, or an output of the encoder (${outputs})`,
      'an unknown input',
    );
    return undefined;
  }
  const rule = { types: ['float32'], shape: [1, null, null, null], shapeText: '[1,C,H,W]' };
  const givenWhere = `${manifest.encoder.file}: output ${name}`;
  if (!faults.fits(given, { ...rule, where: givenWhere })) return undefined;
  const own = given.shape.slice(1).map((length) => (isFixed(length) ? length : null));
  const shape = [1, ...own];
  const shapeText = own.includes(null)
    ? `[1,${own.map((length, axis) => length ?? 'CHW'[axis]).join(',')}]`
    : `the encoder's [1,${own.join(',')}]`;
  if (!faults.fits(tensor, { where, types: ['float32'], shape, shapeText })) return undefined;
  const [channels, height, width] = own.map((length, axis) => {
    const taken = tensor.shape[axis + 1];
    return length ?? (isFixed(taken) ? taken : undefined);
  });
  if (channels === undefined || height === undefined || width === undefined) {
    faults.add(where, 'a fixed [1,C,H,W] here or at the encoder', `[${tensor.shape.join(',')}]`);
    return undefined;
  }
  return { name, shape: [channels, height, width] };
}
