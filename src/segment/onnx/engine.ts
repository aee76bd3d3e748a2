import { SamwireError, toSamwireError } from '../../errors.js';
import { chooseCandidates } from '../../models/candidates.js';
import { maskSpec } from '../../models/geometry.js';
import type { NativeAddon } from '../../native/types.js';
import { candidateOf, maskId } from '../candidate.js';
import type { PromptResult, SegmentPrompt, SegmentRequest, SegmentResult } from '../segmenter.js';
import { type Decoded, Decoder } from './decode.js';
import { Encoder } from './encode.js';
import type { InferenceEngine } from './inference-engine.js';
import type { OnnxModel } from './model.js';

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

  constructor(model: OnnxModel, addon: EngineAddon) {
    this.#model = model;
    this.#addon = addon;
    this.#encoder = new Encoder(model, addon);
    this.#decoder = new Decoder(model, addon);
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

  #answer(
    prompt: SegmentPrompt,
    decoded: Decoded | SamwireError | undefined,
    { frame, minScore = Number.NEGATIVE_INFINITY, keepLogits = true }: SegmentRequest,
  ): PromptResult {
    if (decoded === undefined || decoded instanceof SamwireError)
      return { error: (decoded ?? toSamwireError('a prompt was not decoded')).toBody() };
    const { manifest, contract } = this.#model;
    const { width, height } = contract.decoder.grid;
    const plane = (index: number): Float32Array =>
      decoded.logits.subarray(index * width * height, (index + 1) * width * height);
    const chosen =
      prompt.candidate === undefined
        ? chooseCandidates({
            mask: manifest.mask,
            iou: decoded.iou,
            n: decoded.n,
            multimask: prompt.multimask,
            logits: plane,
          })
        : [prompt.candidate];
    const indices = chosen.filter((index) => !((decoded.iou[index] ?? Number.NaN) < minScore));
    if (indices.length === 0) return { candidates: [] };
    const spec = maskSpec(manifest, contract.decoder, frame);
    const masks = this.#addon.masksFromLogits(decoded.logits, spec, indices);
    if (keepLogits)
      for (const [i, index] of indices.entries())
        this.#decoder.keep(frame.id, maskId(prompt, i), plane(index));
    const candidates = masks.map((mask, i) => {
      const index = indices[i] as number;
      const score = decoded.iou[index] ?? Number.NaN;
      const lowres = this.#addon.lowResMask(decoded.logits, spec, index);
      return candidateOf({ index, score, mask, lowres }, frame);
    });
    return { candidates };
  }
}
