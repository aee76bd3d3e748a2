import type { ModelContract } from '../../models/contract.js';

/**
 * A model's two engines as they lie on the disk, built for the device that they will run on, with what is known of
 * them without onnxruntime.
 */
export interface BuiltEngines {
  /** Absolute paths of the two plans. */
  readonly encoderPlan: string;
  readonly decoderPlan: string;
  /** Of the graphs that the plans were built from: the decoder is the mended one. */
  readonly contract: ModelContract;
  /** CUDA's index of the GPU. */
  readonly device: number;
  /** The DLA core that the encoder was built for; -1: none. */
  readonly dlaCore: number;
  /** Prompts in one run that the decoder's profile allows. */
  readonly maxPrompts: number;
  /** How the numbers of each are kept (`fp16`, `mixed`, `fp32`, `int8`), for the log. */
  readonly precision: { readonly encoder: string; readonly decoder: string };
}
