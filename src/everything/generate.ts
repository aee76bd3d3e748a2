import { SamwireError } from '../errors.js';
import { Decoding } from './decode.js';
import { gridStrategy } from './grid.js';
import type { EverythingRequest, EverythingResult } from './types.js';

/**
 * All masks of a frame, by the strategy of `options`.
 * @throws SamwireError what `segment` throws, or the error of a prompt that the model can't take; the signal's reason.
 */
export async function segmentEverything(request: EverythingRequest): Promise<EverythingResult> {
  const decoding = new Decoding(request);
  const { strategy } = request.options;
  if (strategy !== 'grid')
    throw new SamwireError('invalid_message', `Expected the strategy grid, got "${strategy}".`);
  const masks = await gridStrategy(request, decoding);
  return decoding.result(masks);
}
