import { SamwireError, toSamwireError } from '../../../errors.js';
import { atThreshold, maskSpec } from '../../../models/geometry.js';
import type { NativeAddon } from '../../../native/types.js';
import { maskId } from '../../candidate.js';
import type {
  EdgesRequest,
  EdgesResult,
  PromptResult,
  Proposal,
  SegmentPrompt,
  SegmentRequest,
  SegmentResult,
} from '../../segmenter.js';
import { answerOf, type Decoded } from '../answer.js';
import { type DecodedPrompts, type EdgeAddon, EdgeMaps } from '../edges.js';
import type { InferenceEngine } from '../inference-engine.js';
import type { OnnxModel } from '../model.js';
import { Decoder } from './decode.js';
import { Encoder } from './encode.js';
import { encoderProposals } from './proposals.js';

type EngineAddon = EdgeAddon &
  Pick<NativeAddon, 'place' | 'prepareImage' | 'rleToLogits' | 'masksFromLogits' | 'lowResMask'>;

/** Frame → embedding → logits → masks, all on the thread that owns it. */
export class OnnxEngine implements InferenceEngine {
  readonly #model: OnnxModel;
  readonly #addon: EngineAddon;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #edges: EdgeMaps;
  readonly proposals?: NonNullable<InferenceEngine['proposals']>;

  /** `detect`: boxes of a detector beside the model, which go before the encoder's own. */
  constructor(
    model: OnnxModel,
    addon: EngineAddon,
    { cameras, detect }: { readonly cameras: number; readonly detect?: InferenceEngine['proposals'] },
  ) {
    this.#model = model;
    this.#addon = addon;
    this.#encoder = new Encoder(model, addon, cameras);
    this.#decoder = new Decoder(model, addon);
    this.#edges = new EdgeMaps({
      addon,
      specOf: (frame) => maskSpec(model.manifest, model.contract.decoder, frame),
      decode: (request) => this.#decode(request),
    });
    if (detect) this.proposals = detect;
    else if (model.proposals !== undefined) this.proposals = (frame) => this.#ownProposals(frame);
  }

  async segment(request: SegmentRequest): Promise<SegmentResult> {
    const { prompts } = request;
    if (prompts.length === 0)
      return {
        results: [],
        timing: { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, embeddingReused: false },
      };
    const { decoded, timing } = await this.#decode(request);
    const maskStart = performance.now();
    const results = prompts.map((prompt, i) => this.#answer(prompt, decoded[i], request));
    return { results, timing: { ...timing, maskMs: performance.now() - maskStart } };
  }

  /** The logits of prompts, before a mask is made of them. */
  async #decode({ frame, prompts }: Pick<SegmentRequest, 'frame' | 'prompts'>): Promise<DecodedPrompts> {
    const { tensors: encoded, prepareMs, encodeMs, reused } = await this.#encoder.encode(frame);
    const decodeStart = performance.now();
    const decoded = await this.#decoder.decode({ encoded, frame, prompts });
    const decodeMs = performance.now() - decodeStart;
    return { decoded, timing: { prepareMs, encodeMs, decodeMs, embeddingReused: reused } };
  }

  async #ownProposals(frame: SegmentRequest['frame']): Promise<Proposal[]> {
    const { manifest } = this.#model;
    const { proposals } = await this.#encoder.encode(frame);
    if (!proposals || !manifest.proposals) throw new Error('a model without proposals was asked for them');
    return encoderProposals(proposals, manifest, manifest.proposals, frame);
  }

  edges(request: EdgesRequest): Promise<EdgesResult> {
    return this.#edges.add(request);
  }

  #answer(
    prompt: SegmentPrompt,
    decoded: Decoded | SamwireError | undefined,
    { frame, minScore, threshold, keepLogits = true }: SegmentRequest,
  ): PromptResult {
    if (decoded === undefined || decoded instanceof SamwireError)
      return { error: (decoded ?? toSamwireError('a prompt was not decoded')).toBody() };
    const { manifest, contract } = this.#model;
    const candidates = answerOf({
      prompt,
      decoded,
      mask: manifest.mask,
      spec: atThreshold(maskSpec(manifest, contract.decoder, frame), { threshold }),
      frame,
      minScore,
      addon: this.#addon,
      onLogits: (i, logits) => {
        if (prompt.keepLogits ?? keepLogits) this.#decoder.keep(frame.id, maskId(prompt, i), logits);
      },
    });
    return { candidates };
  }
}
