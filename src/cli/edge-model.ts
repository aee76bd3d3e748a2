import type { Logger } from 'pino';
import { SamwireError, UnavailableError } from '../errors.js';
import type { ModelDirectory } from '../models/directory.js';
import { createSegmenter } from '../segment/create.js';
import type { Segmenter } from '../segment/segmenter.js';
import type { ModelFlags } from './open-model.js';

/** A segmenter that makes edge maps. */
export type EdgeSegmenter = Segmenter & { readonly edges: NonNullable<Segmenter['edges']> };

/**
 * Loads a model for edge maps: on the onnx backend, which `auto` means here, since an engine's logits stay on the GPU.
 * @throws UnavailableError for `--backend tensorrt`; SamwireError `unsupported_prompt` for a model without edges.
 */
export async function openForEdges(
  model: ModelDirectory,
  { backend, threads }: ModelFlags,
  log: Logger,
): Promise<EdgeSegmenter> {
  if (backend === 'tensorrt')
    throw new UnavailableError(
      'Edge maps are made by the onnx backend alone: leave --backend tensorrt out, or give --backend onnx.',
    );
  const segmenter = await createSegmenter({ model, threads, log });
  if (makesEdges(segmenter)) return segmenter;
  await segmenter.close();
  throw new SamwireError(
    'unsupported_prompt',
    `Model ${segmenter.model} takes no points and gives no logits to find edges in; choose another, such as samwire-tiny.`,
  );
}

function makesEdges(segmenter: Segmenter): segmenter is EdgeSegmenter {
  return segmenter.edges !== undefined;
}
