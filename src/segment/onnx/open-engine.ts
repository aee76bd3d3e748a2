import type { ModelDirectory } from '../../models/directory.js';
import { ManifestError } from '../../models/manifest.js';
import type { NativeAddon } from '../../native/types.js';
import { OnnxEngine } from './engine.js';
import type { InferenceEngine } from './inference-engine.js';
import { loadOnnxModel, type Mending } from './model.js';

export interface OpenedEngine {
  readonly engine: InferenceEngine;
  readonly mending: Mending;
}

/**
 * Loads a model directory whose files have been verified, by the kind of its networks.
 * @throws ManifestError when a graph can't be read or does not fit the manifest.
 */
export async function openEngine(
  directory: ModelDirectory,
  threads: number,
  addon: NativeAddon,
): Promise<OpenedEngine> {
  if (directory.graphs === 1)
    throw new ManifestError(
      `${directory.dir} is of family ${directory.manifest.family}, which is not served yet`,
    );
  const model = await loadOnnxModel(directory, threads);
  return { engine: new OnnxEngine(model, addon), mending: model.mending };
}
