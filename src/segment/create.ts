import type { Logger } from 'pino';
import type { ModelDirectory } from '../models/directory.js';
import { loadAddon } from '../native/addon.js';
import { createOnnxSegmenter } from './onnx/backend.js';
import type { Segmenter } from './segmenter.js';
import type { BuiltEngines } from './tensorrt/engines.js';
import { createTensorrtSegmenter } from './tensorrt/segmenter.js';

export interface SegmenterOptions {
  readonly model: ModelDirectory;
  /** Engines of the model for this machine: it runs on them. Without, it runs on the onnx backend. */
  readonly engines?: BuiltEngines;
  /** CPU threads of the onnx backend. */
  readonly threads: number;
  readonly log: Logger;
  /** Run the model once while it loads: for a service, not for a single picture. Engines always are. */
  readonly warmUp?: boolean;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model, on its engines where there are some.
 * @throws UnavailableError for a start that was given up, ConfigError for a model that does not fit its manifest,
 *   SamwireError (`model_failed`, `device_failed`) for engines that can't be loaded.
 */
export async function createSegmenter({
  model,
  engines,
  log,
  signal,
  ...onnx
}: SegmenterOptions): Promise<Segmenter> {
  const giveUp = signal === undefined ? {} : { signal };
  if (engines && model.graphs === 2)
    return createTensorrtSegmenter({ manifest: model.manifest, engines, addon: loadAddon(), log, ...giveUp });
  return createOnnxSegmenter({ dir: model.dir, log, ...onnx, ...giveUp });
}
