import { SamwireError } from '../../../errors.js';
import type { FastSamManifest } from '../../../models/manifest.js';
import type { NativeAddon } from '../../../native/types.js';
import { Recent } from '../../recent.js';
import type {
  ObjectsRequest,
  ObjectsResult,
  PromptResult,
  SegmentPrompt,
  SegmentRequest,
  SegmentResult,
  SegmentTiming,
} from '../../segmenter.js';
import type { InferenceEngine } from '../inference-engine.js';
import type { YoloNetwork } from '../yolo/network.js';
import { type FrameObjects, findObjects } from './objects.js';
import { select } from './select.js';

/** Frames whose objects are kept: the RLEs of up to `detector.maxBoxes` masks each, some kB a mask. */
const FRAMES_KEPT = 8;

type EngineAddon = Pick<NativeAddon, 'masksFromPrototypes' | 'rleAreaInBox' | 'layRles'>;

/** FastSAM: a frame's objects are found once, without prompts; prompts select among them. */
export class FastSamEngine implements InferenceEngine {
  readonly #network: YoloNetwork;
  readonly #manifest: FastSamManifest;
  readonly #addon: EngineAddon;
  readonly #kept = new Recent<number, FrameObjects>(FRAMES_KEPT);

  constructor(network: YoloNetwork, manifest: FastSamManifest, addon: EngineAddon) {
    this.#network = network;
    this.#manifest = manifest;
    this.#addon = addon;
  }

  async segment({ frame, prompts, minScore }: SegmentRequest): Promise<SegmentResult> {
    const { found, timing } = await this.#find(frame);
    const selectStart = performance.now();
    const results = prompts.map((prompt) => this.#answer(prompt, found, frame, minScore));
    const maskMs = timing.maskMs + performance.now() - selectStart;
    return { results, timing: { ...timing, maskMs } };
  }

  async everything({ frame, minScore }: ObjectsRequest): Promise<ObjectsResult> {
    const { found, timing } = await this.#find(frame);
    const masks = found.objects.filter(({ area, score }) => area > 0 && !(score < (minScore ?? 0)));
    return { masks, timing };
  }

  #answer(
    prompt: SegmentPrompt,
    found: FrameObjects,
    frame: SegmentRequest['frame'],
    minScore = Number.NEGATIVE_INFINITY,
  ): PromptResult {
    const error = unsupported(prompt, this.#manifest.name);
    if (error) return { error: error.toBody() };
    const candidates = select(prompt, { ...found, frame, addon: this.#addon });
    return { candidates: candidates.filter(({ score }) => !(score < minScore)) };
  }

  async #find(frame: SegmentRequest['frame']): Promise<{ found: FrameObjects; timing: SegmentTiming }> {
    const known = this.#kept.get(frame.id);
    if (known) {
      const timing = { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, embeddingReused: true };
      return { found: known, timing };
    }
    const { objects, lowres, ...times } = await findObjects(
      this.#network,
      this.#manifest,
      this.#addon,
      frame,
    );
    const found = { objects, lowres };
    this.#kept.set(frame.id, found);
    return { found, timing: { ...times, embeddingReused: false } };
  }
}

function unsupported({ id, mask, refine }: SegmentPrompt, model: string): SamwireError | undefined {
  if (mask === undefined && refine === undefined) return undefined;
  const what = mask === undefined ? 'refine' : 'mask';
  return new SamwireError(
    'unsupported_prompt',
    `Prompt "${id}" has ${what}, but model ${model} finds its objects before it sees prompts and takes no mask; leave ${what} out`,
  );
}
