import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.js';
import { ConfigError, TransientError, UnavailableError } from '../errors.js';
import { resolveModel } from '../models/catalogue.js';
import type { AnyManifest } from '../models/manifest.js';
import type { Segmenter } from '../segment/segmenter.js';
import { openSegmenter } from './open.js';
import type { BuildProgress } from './progress.js';

export interface LoadOptions {
  readonly model: Config['model'];
  readonly cameras: number;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /** How far the building of TensorRT engines is, where it is needed. */
  readonly onBuilding?: ((progress: BuildProgress) => void) | undefined;
  /** It can't be loaded now, and why; it is tried again after `waitMs`. */
  readonly onProblem?: (problem: string, waitMs: number) => void;
}

export interface LoadedModel {
  readonly segmenter: Segmenter;
  readonly manifest: AnyManifest;
}

/** Between tries to load the model where waiting may help; doubled up to the longest. */
const RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 600_000;

/**
 * The model that the config names, on the backend that it wants. Memory and disk for TensorRT engines that it demands
 * may come and go for ever: it is tried again.
 * @throws ConfigError when the model can't be loaded, and whatever was thrown when `signal` came first.
 */
export async function loadPatiently(options: LoadOptions): Promise<LoadedModel> {
  const { signal, log } = options;
  for (let waitMs = RETRY_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
    try {
      return await loadModel(options);
    } catch (error) {
      if (!(error instanceof TransientError) || signal?.aborted) throw error;
      const told = { why: error.message, againInS: waitMs / 1000 };
      options.onProblem?.(error.message, waitMs);
      log.error(told, 'the model can not be loaded on TensorRT, as the config demands; trying again');
      await setTimeout(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** What a one-shot command calls unavailable is a fault of the config here: starting again would not mend it. */
async function loadModel({ model, cameras, log, signal, onBuilding }: LoadOptions): Promise<LoadedModel> {
  const { name, paths, backend, cache, maxPrompts, threads } = model;
  try {
    const found = await resolveModel(name, paths);
    const segmenter = await openSegmenter({
      model: found,
      backend,
      cache,
      maxPrompts,
      threads,
      warmUp: true,
      cameras,
      log: log.child({ part: 'segment' }),
      ...(onBuilding && { onProgress: onBuilding }),
      ...(signal && { signal }),
    });
    return { segmenter, manifest: found.manifest };
  } catch (error) {
    const isOfConfig = error instanceof UnavailableError && !(error instanceof TransientError);
    if (!isOfConfig || signal?.aborted) throw error;
    throw new ConfigError(error.message, [], { cause: error });
  }
}
