import type { Segmenter } from '../segment/segmenter.js';
import { EVERYTHING_DEFAULTS, type EverythingOptions } from './types.js';

/** Which thresholds suit a model: a manifest's `everything` block. */
export interface ModelThresholds {
  readonly minScore?: number | undefined;
  readonly minStability?: number | undefined;
  readonly confidentLogit?: number | undefined;
}

export interface EverythingModel {
  readonly segmenter: Pick<Segmenter, 'everything'>;
  readonly thresholds?: ModelThresholds | undefined;
}

/** A box or an object comes from a detector that has chosen by itself: MobileSAMv2 and FastSAM drop nothing after it. */
const CHOSEN_BEFORE = { minScore: 0, minStability: 0, nmsIou: 1 } as const;

/**
 * What was asked for, and for the rest the defaults of the strategy: those of the official generator, with the
 * thresholds of the model's manifest where it has some.
 */
export function everythingOptions(
  wanted: { readonly [K in keyof EverythingOptions]?: EverythingOptions[K] | undefined },
  { segmenter, thresholds }: EverythingModel,
): EverythingOptions {
  const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  const chosenBefore = wanted.strategy === 'boxes' || segmenter.everything !== undefined;
  return {
    ...EVERYTHING_DEFAULTS,
    ...(chosenBefore ? CHOSEN_BEFORE : defined(thresholds)),
    ...given,
  };
}

function defined(thresholds: ModelThresholds = {}): Partial<EverythingOptions> {
  const { minScore, minStability, confidentLogit } = thresholds;
  return {
    ...(minScore === undefined ? {} : { minScore }),
    ...(minStability === undefined ? {} : { minStability }),
    ...(confidentLogit === undefined ? {} : { confidentLogit }),
  };
}
