import { SamwireError, toSamwireError } from '../../errors.js';
import { maskSpec } from '../../models/geometry.js';
import type { NativeAddon } from '../../native/types.js';
import { maskId } from '../candidate.js';
import type { PromptResult, Proposal, SegmentPrompt, SegmentRequest, SegmentResult } from '../segmenter.js';
import { answerOf, type Decoded } from './answer.js';
import { Decoder } from './decode.js';
import { Encoder } from './encode.js';
import type { InferenceEngine } from './inference-engine.js';
import type { OnnxModel } from './model.js';
import { encoderProposals } from './proposals.js';

type EngineAddon = Pick<
  NativeAddon,
  'place' | 'prepareImage' | 'rleToLogits' | 'masksFromLogits' | 'lowResMask'
>;

/** Frame → embedding → logits → masks, all on the thread that owns it. */
export class OnnxEngine implements InferenceEngine {
  readonly #model: OnnxModel;
  readonly #addon: EngineAddon;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly proposals?: NonNullable<InferenceEngine['proposals']>;

  /** `detect`: boxes of a detector beside the model, which go before the encoder's own. */
  constructor(model: OnnxModel, addon: EngineAddon, detect?: InferenceEngine['proposals']) {
    this.#model = model;
    this.#addon = addon;
    this.#encoder = new Encoder(model, addon);
    this.#decoder = new Decoder(model, addon);
    if (detect) this.proposals = detect;
    else if (model.proposals !== undefined) this.proposals = (frame) => this.#ownProposals(frame);
  }

  async segment(request: SegmentRequest): Promise<SegmentResult> {
    const { frame, prompts } = request;
    if (prompts.length === 0)
      return {
        results: [],
        timing: { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, embeddingReused: false },
      };
    const { tensors: encoded, prepareMs, encodeMs, reused } = await this.#encoder.encode(frame);
    const decodeStart = performance.now();
    const decoded = await this.#decoder.decode({ encoded, frame, prompts });
    const maskStart = performance.now();
    const results = prompts.map((prompt, i) => this.#answer(prompt, decoded[i], request));
    return {
      results,
      timing: {
        prepareMs,
        encodeMs,
        decodeMs: maskStart - decodeStart,
        maskMs: performance.now() - maskStart,
        embeddingReused: reused,
      },
    };
  }

  async #ownProposals(frame: SegmentRequest['frame']): Promise<Proposal[]> {
    const { manifest } = this.#model;
    const { proposals } = await this.#encoder.encode(frame);
    if (!proposals || !manifest.proposals) throw new Error('a model without proposals was asked for them');
    return encoderProposals(proposals, manifest, manifest.proposals, frame);
  }

  #answer(
    prompt: SegmentPrompt,
    decoded: Decoded | SamwireError | undefined,
    { frame, minScore, keepLogits = true }: SegmentRequest,
  ): PromptResult {
    if (decoded === undefined || decoded instanceof SamwireError)
      return { error: (decoded ?? toSamwireError('a prompt was not decoded')).toBody() };
    const { manifest, contract } = this.#model;
    const candidates = answerOf({
      prompt,
      decoded,
      mask: manifest.mask,
      spec: maskSpec(manifest, contract.decoder, frame),
      frame,
      minScore,
      addon: this.#addon,
      onLogits: (i, logits) => {
        if (keepLogits) this.#decoder.keep(frame.id, maskId(prompt, i), logits);
      },
    });
    return { candidates };
  }
}
