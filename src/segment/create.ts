import type { Logger } from 'pino';
import { UnavailableError } from '../errors.js';
import type { ModelDirectory } from '../models/directory.js';
import { createOnnxSegmenter } from './onnx/backend.js';
import type { Segmenter } from './segmenter.js';

export interface SegmenterOptions {
  readonly model: ModelDirectory;
  readonly backend: 'auto' | 'tensorrt' | 'onnx';
  /** CPU threads of the onnx backend. */
  readonly threads: number;
  readonly log: Logger;
  /** Run the model once while it loads: for a service, not for a single picture. */
  readonly warmUp?: boolean;
  /** Gives the loading up. */
  readonly signal?: AbortSignal;
}

/**
 * Loads a model on the backend that is asked for; `auto` takes the best that this version has.
 * @throws UnavailableError for a backend that is not here or a start that was given up, ConfigError for a model that does not fit its manifest.
 */
export async function createSegmenter({ model, backend, ...options }: SegmenterOptions): Promise<Segmenter> {
  if (backend === 'tensorrt')
    throw new UnavailableError(
      'The tensorrt backend is not in this version of Samwire. Use --backend auto or onnx (model.backend in the config).',
    );
  return createOnnxSegmenter({ dir: model.dir, ...options });
}
