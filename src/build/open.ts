import { SamwireError, TransientError } from '../errors.js';
import { createSegmenter } from '../segment/create.js';
import type { Segmenter } from '../segment/segmenter.js';
import { type EnsureOptions, ensureEngines } from './ensure.js';

export interface OpenOptions extends EnsureOptions {
  /** Run the model once while it loads: for a service, not for a single picture. */
  readonly warmUp?: boolean;
  /** Cameras that the model serves. Default: 1. */
  readonly cameras?: number;
}

/**
 * Loads a model on the backend that is asked for, with its engines built before where need be. Engines that are in
 * order and can't be loaded all the same are built anew, once.
 * @throws what ensureEngines and createSegmenter throw.
 */
export async function openSegmenter(options: OpenOptions): Promise<Segmenter> {
  const { model, backend, threads, log, signal, warmUp, cameras } = options;
  const create = (engines: Awaited<ReturnType<typeof ensureEngines>>['engines']): Promise<Segmenter> =>
    createSegmenter({
      model,
      threads,
      log,
      ...(engines === null ? {} : { engines }),
      ...(cameras === undefined ? {} : { cameras }),
      ...(warmUp === undefined ? {} : { warmUp }),
      ...(signal === undefined ? {} : { signal }),
    });
  const { engines } = await ensureEngines(options);
  try {
    return await create(engines);
  } catch (error) {
    const unloadable = error instanceof SamwireError && error.code === 'model_failed';
    if (engines === null || !unloadable || options.mayBuild === false) throw error;
    log.warn({ err: error }, 'the engines can not be loaded; building them anew');
    const anew = await ensureEngines({ ...options, force: true });
    return create(anew.engines).catch((again: unknown) => {
      const unloadable = again instanceof SamwireError && again.code === 'model_failed';
      if (anew.engines === null || !unloadable) throw again;
      const why = `New TensorRT engines of ${model.manifest.name} can't be loaded either: ${again.message}`;
      if (backend === 'tensorrt') throw new TransientError(why, { cause: again });
      log.warn({ why }, 'NO TENSORRT ENGINES: the onnx backend serves on the CPU, many times slower');
      return create(null);
    });
  }
}
