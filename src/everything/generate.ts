import type { Box } from '../prompts/types.js';
import type { Segmenter } from '../segment/segmenter.js';
import { Decoding } from './decode.js';
import { gridStrategy } from './grid.js';
import { hierarchicalStrategy } from './hierarchical.js';
import { boxesStrategy, withoutDoubles } from './proposed.js';
import { cleaned } from './suppress.js';
import type { EverythingMask, EverythingRequest, EverythingResult } from './types.js';

const STRATEGY_OF = {
  grid: gridStrategy,
  hierarchical: hierarchicalStrategy,
  boxes: boxesStrategy,
} as const;

/**
 * All masks of a frame, by the strategy of `options`; by the network itself where it finds them without prompts
 * (FastSAM), unless boxes are given.
 * @throws SamwireError what `segment` throws, or the error of a prompt that the model can't take; the signal's reason.
 */
export async function segmentEverything(request: EverythingRequest): Promise<EverythingResult> {
  const { options, addon, everything } = request;
  const decoding = new Decoding(request);
  const masks =
    everything && !(options.strategy === 'boxes' && options.boxes)
      ? await ownEverything(everything, request, decoding)
      : await STRATEGY_OF[options.strategy](request, decoding);
  const startedAt = performance.now();
  const clean = await cleaned(masks, {
    minArea: options.minRegionArea,
    iou: Math.max(options.nmsIou, options.cropNmsIou),
    addon,
  });
  decoding.spent(performance.now() - startedAt);
  return decoding.result(clean);
}

async function ownEverything(
  everything: NonNullable<Segmenter['everything']>,
  { frame, options, signal }: EverythingRequest,
  decoding: Decoding,
): Promise<EverythingMask[]> {
  signal?.throwIfAborted();
  const { minScore, minStability, nmsIou } = options;
  const { masks, timing } = await everything({ frame, ...(minScore > 0 ? { minScore } : {}) });
  signal?.throwIfAborted();
  decoding.add(timing);
  const cropBox: Box = [0, 0, frame.width, frame.height];
  const stable = masks
    .filter(({ stability }) => stability >= minStability)
    .map((mask) => ({ ...mask, point: null, promptBox: null, cropBox }));
  return withoutDoubles(stable, nmsIou);
}
