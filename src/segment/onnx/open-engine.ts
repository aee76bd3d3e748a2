import { SamwireError } from '../../errors.js';
import { checkFusion } from '../../models/check-fusion.js';
import { checkDetector, checkFastSam } from '../../models/check-yolo.js';
import type { ModelDirectory, OneGraphDirectory, TwoGraphDirectory } from '../../models/directory.js';
import { ManifestError } from '../../models/manifest.js';
import { readNetwork } from '../../models/network-file.js';
import { graphOfSession } from '../../models/read-graph.js';
import type { NativeAddon } from '../../native/types.js';
import { FastSamEngine } from './fastsam/engine.js';
import { FusionEngine } from './fusion/engine.js';
import { settleFusion } from './fusion/settle.js';
import type { InferenceEngine } from './inference-engine.js';
import { createSession, loadOnnxModel, type Mending } from './model.js';
import type { ModelPart } from './protocol.js';
import { OnnxEngine } from './sam/engine.js';
import { detect } from './yolo/detector.js';
import { YoloNetwork } from './yolo/network.js';

export interface OpenedEngine {
  readonly engine: InferenceEngine;
  readonly mending: Mending;
}

export interface EngineOptions {
  readonly threads: number;
  readonly addon: NativeAddon;
  readonly part: ModelPart;
  /** Cameras that the model serves. */
  readonly cameras: number;
}

/**
 * Loads a model directory by the kind of its networks; each file is read once, and has to be the manifest's.
 * @throws ManifestError when a graph can't be read or does not fit the manifest.
 */
export async function openEngine(
  directory: ModelDirectory,
  { threads, addon, part, cameras }: EngineOptions,
): Promise<OpenedEngine> {
  if (directory.graphs === 1)
    return { engine: await openOneGraph(directory, threads, addon), mending: { changes: [] } };
  if (part === 'detector')
    return { engine: await openDetectorAlone(directory, threads, addon), mending: { changes: [] } };
  const model = await loadOnnxModel(directory, threads);
  const detect = await openDetector(directory, threads, addon);
  return {
    engine: new OnnxEngine(model, addon, { cameras, ...(detect && { detect }) }),
    mending: model.mending,
  };
}

async function openOneGraph(
  directory: OneGraphDirectory,
  threads: number,
  addon: NativeAddon,
): Promise<InferenceEngine> {
  const { manifest } = directory;
  const session = await createSession(await readNetwork(directory, 'encoder'), threads);
  const graph = graphOfSession(session);
  switch (manifest.family) {
    case 'fastsam': {
      const contract = checkFastSam(manifest, graph);
      const network = new YoloNetwork({ session, contract, image: manifest.image, addon });
      return new FastSamEngine(network, manifest, addon);
    }
    case 'early-fusion': {
      const contract = await settleFusion(session, checkFusion(manifest, graph), manifest);
      return new FusionEngine({ session, contract, manifest, addon });
    }
  }
}

async function openDetectorAlone(
  directory: TwoGraphDirectory,
  threads: number,
  addon: NativeAddon,
): Promise<InferenceEngine> {
  const detect = await openDetector(directory, threads, addon);
  if (detect === undefined) throw new ManifestError(`Model ${directory.manifest.name} has no detector`);
  return {
    segment: () => Promise.reject(new SamwireError('internal', 'Only the detector was loaded here.')),
    proposals: detect,
  };
}

/** What finds boxes with the manifest's `detector`, where there is one. */
async function openDetector(
  directory: TwoGraphDirectory,
  threads: number,
  addon: NativeAddon,
): Promise<InferenceEngine['proposals']> {
  const { manifest } = directory;
  const { detector } = manifest;
  if (detector === undefined) return undefined;
  const session = await createSession(await readNetwork(directory, 'detector'), threads);
  const contract = checkDetector(manifest, detector, graphOfSession(session));
  const network = new YoloNetwork({ session, contract, image: detector.image, addon });
  return (frame) => detect(network, detector, frame);
}
