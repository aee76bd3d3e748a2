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
  /** Cameras that the model serves: more frames' embeddings are kept for more. Default: 1. */
  readonly cameras?: number;
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
  if (engines && model.graphs === 2) {
    const { manifest, dir } = model;
    const segmenter = await createTensorrtSegmenter({
      manifest,
      engines,
      addon: loadAddon(),
      ...(onnx.cameras === undefined ? {} : { cameras: onnx.cameras }),
      log,
      ...giveUp,
    });
    if (manifest.detector === undefined) return segmenter;
    return beside(segmenter, () =>
      createOnnxSegmenter({ dir, log, threads: onnx.threads, part: 'detector', ...giveUp }),
    );
  }
  return createOnnxSegmenter({ dir: model.dir, log, ...onnx, ...giveUp });
}

/**
 * A segmenter with the boxes of a detector that runs beside it, on the CPU; both are closed together.
 * @throws what `open` throws, when the segmenter has been closed.
 */
export async function beside(segmenter: Segmenter, open: () => Promise<Segmenter>): Promise<Segmenter> {
  const detector = await open().catch(async (error: unknown) => {
    await segmenter.close();
    throw error;
  });
  return {
    model: segmenter.model,
    backend: segmenter.backend,
    runsAtOnce: segmenter.runsAtOnce,
    segment: (request) => segmenter.segment(request),
    ...(segmenter.everything ? { everything: segmenter.everything } : {}),
    ...(segmenter.edges ? { edges: segmenter.edges } : {}),
    ...(detector.proposals ? { proposals: detector.proposals } : {}),
    close: async () => {
      await Promise.all([segmenter.close(), detector.close()]);
    },
  };
}
