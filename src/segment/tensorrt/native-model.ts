import type { ModelContract } from '../../models/contract.js';
import { imageSpec } from '../../models/geometry.js';
import type { Manifest } from '../../models/manifest.js';
import type { NativeTensorrtModel } from '../../native/types.js';
import type { BuiltEngines } from './engines.js';

/** A model in the addon's terms. */
export function nativeModel(manifest: Manifest, { contract, maxPrompts }: BuiltEngines): NativeTensorrtModel {
  const { encoder, decoder } = contract;
  const { mask } = manifest;
  return {
    image: imageSpec(manifest),
    encoder: {
      image: encoder.input,
      embedding: encoder.output,
      features: encoder.features.map(({ name }) => name),
    },
    decoder: {
      embeddings: decoder.inputs.embeddings,
      coords: decoder.inputs.coords,
      labels: decoder.inputs.labels,
      lowRes: decoder.outputs.lowRes,
      iou: decoder.outputs.iou,
      maskInput: decoder.inputs.maskInput ?? '',
      hasMaskInput: decoder.inputs.hasMaskInput ?? '',
      origSize: decoder.inputs.origSize ?? '',
    },
    coordsRank: decoder.coordsRank,
    gridWidth: decoder.grid.width,
    gridHeight: decoder.grid.height,
    candidates: decoder.candidates,
    maxPrompts,
    maxPoints: decoder.maxPoints,
    multi: mask.multi,
    stabilityDelta: mask.stability?.delta ?? 0,
    stabilityThreshold: mask.stability?.threshold ?? 0,
    refineClamp: mask.refineClamp ?? 0,
  };
}

export function takesMask({ decoder }: ModelContract): boolean {
  return decoder.inputs.maskInput !== undefined;
}
