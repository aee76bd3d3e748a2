import { checkFusion, type FusionContract } from './check-fusion.js';
import { checkGraph } from './check-graph.js';
import { checkProposals } from './check-proposals.js';
import { checkDetector, checkFastSam, type YoloContract } from './check-yolo.js';
import type { ModelContract } from './contract.js';
import type { ModelDirectory } from './directory.js';
import { readGraph } from './read-graph.js';

/** What a model's ONNX files are, by its kind. */
export type CheckedModel =
  | { readonly kind: 'two-graph'; readonly contract: ModelContract; readonly detector?: YoloContract }
  | { readonly kind: 'fastsam'; readonly contract: YoloContract }
  | { readonly kind: 'early-fusion'; readonly contract: FusionContract };

/**
 * Holds a model's manifest against all of its ONNX files, of whichever kind it is. For commands: see `readGraph`.
 * @throws ManifestError for a file that can't be read or does not fit.
 */
export async function checkModel(model: ModelDirectory): Promise<CheckedModel> {
  const encoder = await readGraph(model.encoderPath);
  if (model.graphs === 1) {
    const { manifest } = model;
    return manifest.family === 'fastsam'
      ? { kind: 'fastsam', contract: checkFastSam(manifest, encoder) }
      : { kind: 'early-fusion', contract: checkFusion(manifest, encoder) };
  }
  const { manifest, decoderPath, detectorPath } = model;
  const contract = checkGraph(manifest, encoder, await readGraph(decoderPath));
  if (manifest.proposals) checkProposals(manifest, encoder);
  if (manifest.detector === undefined || detectorPath === undefined) return { kind: 'two-graph', contract };
  const detector = checkDetector(manifest, manifest.detector, await readGraph(detectorPath));
  return { kind: 'two-graph', contract, detector };
}
