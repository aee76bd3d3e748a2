import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { SamwireError } from '../../../errors.js';
import { gridStability } from '../../../models/candidates.js';
import type { SettledFusionContract } from '../../../models/check-fusion.js';
import { atThreshold, imagePlacement, imageSpec } from '../../../models/geometry.js';
import type { EarlyFusionManifest } from '../../../models/manifest.js';
import type { NativeAddon, NativeMaskSpec } from '../../../native/types.js';
import type {
  EdgesRequest,
  EdgesResult,
  PromptResult,
  SegmentPrompt,
  SegmentRequest,
  SegmentResult,
} from '../../segmenter.js';
import { answerOf, type Decoded } from '../answer.js';
import { type DecodedPrompts, type EdgeAddon, EdgeMaps } from '../edges.js';
import type { InferenceEngine } from '../inference-engine.js';
import { runGraph } from '../model.js';
import { Picture } from '../picture.js';
import { drawPrompt, unsupportedByFusion } from './prompt.js';

/** Prompts in one run: each costs the whole network, so that more of them only hold more memory (5 MB of input each). */
const CHUNK = 4;
/** SAM's offset, for the score of a network that predicts none. */
const STABILITY_DELTA = 1;

export interface FusionParts {
  readonly session: InferenceSession;
  readonly contract: SettledFusionContract;
  readonly manifest: EarlyFusionManifest;
  readonly addon: EdgeAddon & Pick<NativeAddon, 'place' | 'prepareImage' | 'masksFromLogits' | 'lowResMask'>;
}

/** A network that takes prompts as channels of its input (SqueezeSAM): every prompt is a run of all of it. */
export class FusionEngine implements InferenceEngine {
  readonly #parts: FusionParts;
  readonly #picture: Picture;
  readonly #edges: EdgeMaps;

  constructor(parts: FusionParts) {
    this.#parts = parts;
    this.#edges = new EdgeMaps({
      addon: parts.addon,
      specOf: (frame) => this.#specOf(frame),
      decode: (request) => this.#decode(request),
    });
    this.#picture = new Picture(imageSpec(parts.manifest), parts.addon);
  }

  async segment(request: SegmentRequest): Promise<SegmentResult> {
    const { frame, prompts } = request;
    const { manifest, contract } = this.#parts;
    const results: PromptResult[] = prompts.map((prompt) => {
      const error = unsupportedByFusion(prompt, manifest);
      return error ? { error: error.toBody() } : { candidates: [] };
    });
    const open = [...prompts.keys()].filter((i) => 'candidates' in (results[i] as PromptResult));
    const times = { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0 };
    if (open.length === 0) return { results, timing: { ...times, embeddingReused: false } };
    const startedAt = performance.now();
    const picture = this.#picture.of(frame);
    times.prepareMs = performance.now() - startedAt;
    const chunk = contract.batch === 'free' ? CHUNK : 1;
    for (let from = 0; from < open.length; from += chunk) {
      const members = open.slice(from, from + chunk);
      const runStart = performance.now();
      const decoded = await this.#run(
        picture,
        members.map((i) => prompts[i] as SegmentPrompt),
        frame,
      );
      const maskStart = performance.now();
      for (const [row, i] of members.entries())
        results[i] = this.#answer(prompts[i] as SegmentPrompt, decoded[row] as Decoded, request);
      times.decodeMs += maskStart - runStart;
      times.maskMs += performance.now() - maskStart;
    }
    return { results, timing: { ...times, embeddingReused: false } };
  }

  edges(request: EdgesRequest): Promise<EdgesResult> {
    return this.#edges.add(request);
  }

  /** The logits of a few prompts, for their edges. */
  async #decode({ frame, prompts }: Pick<SegmentRequest, 'frame' | 'prompts'>): Promise<DecodedPrompts> {
    const { manifest, contract } = this.#parts;
    for (const prompt of prompts) {
      const error = unsupportedByFusion(prompt, manifest);
      if (error) throw error;
    }
    const chunk = contract.batch === 'free' ? CHUNK : 1;
    const startedAt = performance.now();
    const picture = this.#picture.of(frame);
    const preparedAt = performance.now();
    const decoded: Decoded[] = [];
    for (let from = 0; from < prompts.length; from += chunk)
      decoded.push(...(await this.#run(picture, prompts.slice(from, from + chunk), frame)));
    const decodeMs = performance.now() - preparedAt;
    const timing = { prepareMs: preparedAt - startedAt, encodeMs: 0, decodeMs, embeddingReused: false };
    return { decoded, timing };
  }

  #answer(prompt: SegmentPrompt, decoded: Decoded, request: SegmentRequest): PromptResult {
    const { manifest, addon } = this.#parts;
    const { frame, minScore } = request;
    const spec = atThreshold(this.#specOf(frame), request);
    return { candidates: answerOf({ prompt, decoded, mask: manifest.mask, spec, frame, minScore, addon }) };
  }

  #specOf(frame: SegmentRequest['frame']): NativeMaskSpec {
    const { manifest, contract } = this.#parts;
    const { mask } = manifest;
    return {
      gridWidth: contract.grid.width,
      gridHeight: contract.grid.height,
      placement: imagePlacement(manifest, frame),
      frameWidth: frame.width,
      frameHeight: frame.height,
      viaInput: mask.resize === 'via-input',
      threshold: mask.threshold,
      inclusive: mask.thresholdInclusive,
      stabilityOffset: 1,
    };
  }

  async #run(
    picture: Tensor,
    prompts: readonly SegmentPrompt[],
    frame: SegmentRequest['frame'],
  ): Promise<Decoded[]> {
    const { session, contract, manifest } = this.#parts;
    const { outputs, grid, candidates } = contract;
    const wanted = [outputs.masks, ...(outputs.iou === undefined ? [] : [outputs.iou])];
    const given = await runGraph(session, this.#feeds(picture, prompts, frame), wanted);
    const plane = grid.width * grid.height;
    const logits = floats(given[outputs.masks], outputs.masks, prompts.length * candidates * plane);
    const iou =
      outputs.iou === undefined
        ? undefined
        : floats(given[outputs.iou], outputs.iou, prompts.length * candidates);
    return prompts.map((prompt, row) => {
      const own = logits.subarray(row * candidates * plane, (row + 1) * candidates * plane);
      return {
        n: prompt.points.length + (prompt.box === undefined ? 0 : 2),
        logits: own,
        iou:
          iou?.subarray(row * candidates, (row + 1) * candidates) ??
          stabilities(own, candidates, manifest.mask.threshold),
      };
    });
  }

  #feeds(
    picture: Tensor,
    prompts: readonly SegmentPrompt[],
    frame: SegmentRequest['frame'],
  ): Record<string, Tensor> {
    const { contract, manifest } = this.#parts;
    const [width, height] = manifest.image.size;
    const { inputs } = contract;
    const pixels = picture.data as Float32Array;
    const drawn = manifest.prompt.channels.length * width * height;
    const shared = inputs.prompt === undefined ? pixels.length : 0;
    const data = new Float32Array(prompts.length * (shared + drawn));
    for (const [row, prompt] of prompts.entries()) {
      const at = row * (shared + drawn);
      if (shared > 0) data.set(pixels, at);
      drawPrompt(prompt, manifest, frame, data.subarray(at + shared, at + shared + drawn));
    }
    const dims = [prompts.length, (shared + drawn) / (width * height), height, width];
    const tensor = new Tensor('float32', data, dims);
    return inputs.prompt === undefined
      ? { [inputs.image]: tensor }
      : { [inputs.image]: picture, [inputs.prompt]: tensor };
  }
}

/** What stands for predicted IoU where the network gives none. */
function stabilities(logits: Float32Array, candidates: number, threshold: number): Float32Array {
  const plane = logits.length / candidates;
  return Float32Array.from({ length: candidates }, (_, k) =>
    gridStability(
      logits.subarray(k * plane, (k + 1) * plane).map((logit) => logit - threshold),
      STABILITY_DELTA,
    ),
  );
}

function floats(tensor: Tensor | undefined, name: string, length: number): Float32Array {
  if (tensor?.data instanceof Float32Array && tensor.data.length === length) return tensor.data;
  throw new SamwireError(
    'model_failed',
    `Output ${name} came as ${tensor ? `${tensor.type} [${tensor.dims.join(',')}]` : 'nothing'}; expected ${length} float32.`,
  );
}
