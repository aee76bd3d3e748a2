import { wallClockMs } from '../clock.js';
import type { MaskEncoding } from '../masks/types.js';
import type { NativeAddon, NativeFrameInfo } from '../native/types.js';
import type { PromptMessage } from '../prompts/message.js';
import { resolvePrompts } from '../prompts/resolve.js';
import type { Segmenter } from '../segment/segmenter.js';
import { type Answer, toAnswer } from './answer.js';

export interface SegmentImageOptions {
  readonly addon: Pick<NativeAddon, 'rleToMask' | 'rleToPolygons' | 'rleCentroid'>;
  readonly segmenter: Segmenter;
  readonly frame: NativeFrameInfo;
  readonly message: PromptMessage;
  readonly encodings: readonly MaskEncoding[];
  readonly polygonTolerancePx: number;
}

/** The masks of one still picture: no camera, no queue. */
export async function segmentImage(options: SegmentImageOptions): Promise<Answer> {
  const { addon, segmenter, frame, message, encodings, polygonTolerancePx } = options;
  const { prompts, failed } = resolvePrompts(message, frame);
  const { results, timing } = await segmenter.segment({
    frame,
    prompts: prompts.map((prompt) => ({ ...prompt, multimask: message.multimask })),
  });
  return toAnswer(
    { frame, skewMs: 0, prompts, results, ageMs: 0, queueMs: 0, timing, answeredAtMs: wallClockMs() },
    {
      ...(message.requestId === undefined ? {} : { requestId: message.requestId }),
      source: 'prompt',
      camera: null,
      model: segmenter.model,
      backend: segmenter.backend,
      encodings,
      multimask: message.multimask,
      ids: message.prompts.map((prompt) => prompt.id),
      refused: new Map(failed.map(({ id, error }) => [id, error])),
      polygonTolerancePx,
      addon,
    },
  );
}
