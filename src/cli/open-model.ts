import type { Logger } from 'pino';
import { openSegmenter } from '../build/open.js';
import { loadConfig } from '../config/load.js';
import type { ModelDirectory } from '../models/directory.js';
import { loadAddon } from '../native/addon.js';
import { createSegmenter } from '../segment/create.js';
import type { Segmenter } from '../segment/segmenter.js';
import { showProgress } from './build-progress.js';
import { interruptible } from './interrupt.js';

export const BACKENDS = ['auto', 'tensorrt', 'onnx'] as const;

export interface ModelFlags {
  readonly backend: (typeof BACKENDS)[number];
  /** onnxruntime's. */
  readonly threads: number;
}

/** Builds the engines first where they are missing, and says so; undefined when that was interrupted. */
export async function openModel(
  model: ModelDirectory,
  { backend, threads }: ModelFlags,
  log: Logger,
): Promise<Segmenter | undefined> {
  if (backend === 'onnx') return createSegmenter({ model, threads, log });
  // Only engines ask for anything of the config: where there can be none, it may be faulty or somebody else's.
  const { problem } = loadAddon().tensorrtStatus();
  const { cache, maxPrompts } = problem === null ? loadConfig().config.model : { cache: '', maxPrompts: 1 };
  const progress = showProgress();
  try {
    return await interruptible((signal) =>
      openSegmenter({
        model,
        backend,
        threads,
        cache,
        maxPrompts,
        log,
        onProgress: progress.update,
        signal,
      }),
    );
  } finally {
    progress.close();
  }
}
