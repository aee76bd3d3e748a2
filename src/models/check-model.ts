import { checkFusion, type FusionContract } from './check-fusion.js';
import { checkGraph } from './check-graph.js';
import { checkProposals } from './check-proposals.js';
import { checkDetector, checkFastSam, type YoloContract } from './check-yolo.js';
import type { GraphIO, ModelContract } from './contract.js';
import type { ModelDirectory } from './directory.js';
import { type AnyManifest, isTwoGraph, ManifestError } from './manifest.js';
import { readGraph } from './read-graph.js';

/** What a model's ONNX files are, by its kind. */
export type CheckedModel =
  | { readonly kind: 'two-graph'; readonly contract: ModelContract; readonly detector?: YoloContract }
  | { readonly kind: 'fastsam'; readonly contract: YoloContract }
  | { readonly kind: 'early-fusion'; readonly contract: FusionContract };

/** What the ONNX files of a model declare; `encoder` is the network of a model of one. */
export interface ModelGraphs {
  readonly encoder: GraphIO;
  readonly decoder?: GraphIO;
  readonly detector?: GraphIO;
}

/**
 * Holds a model's manifest against all of its ONNX files, of whichever kind it is. For commands: see `readGraph`.
 * @throws ManifestError for a file that can't be read or does not fit.
 */
export async function checkModel(model: ModelDirectory): Promise<CheckedModel> {
  const encoder = await readGraph(model.encoderPath);
  if (model.graphs === 1) return checkGraphs(model.manifest, { encoder });
  const decoder = await readGraph(model.decoderPath);
  const detector = model.detectorPath === undefined ? {} : { detector: await readGraph(model.detectorPath) };
  return checkGraphs(model.manifest, { encoder, decoder, ...detector });
}

/** @throws ManifestError with every tensor that does not fit. */
export function checkGraphs(
  manifest: AnyManifest,
  { encoder, decoder, detector }: ModelGraphs,
): CheckedModel {
  if (manifest.family === 'fastsam' && !isTwoGraph(manifest))
    return { kind: 'fastsam', contract: checkFastSam(manifest, encoder) };
  if (!isTwoGraph(manifest)) return { kind: 'early-fusion', contract: checkFusion(manifest, encoder) };
  if (decoder === undefined)
    throw new ManifestError(`Model ${manifest.name}: expected an encoder and a decoder, found one ONNX file`);
  const contract = checkGraph(manifest, encoder, decoder);
  if (manifest.proposals) checkProposals(manifest, encoder);
  if (manifest.detector === undefined || detector === undefined) return { kind: 'two-graph', contract };
  return { kind: 'two-graph', contract, detector: checkDetector(manifest, manifest.detector, detector) };
}
