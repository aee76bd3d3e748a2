import { SamwireError } from '../errors.js';
import type { Box } from '../prompts/types.js';
import type { Candidate, SegmentPrompt, SegmentTiming } from '../segment/segmenter.js';
import type { EverythingFrame, EverythingMask, EverythingRequest, EverythingResult } from './types.js';

/** On the CPU the decoder takes 8 a run; who else wants the model waits for one call only. */
const PROMPTS_PER_RUN = 16;

/** What a mask is asked for with: a point or a box of the crop, in the crop's pixels. */
export interface Asked {
  readonly point: readonly [x: number, y: number] | null;
  readonly box: Box | null;
}

export interface DecodeTask {
  readonly frame: EverythingFrame;
  readonly asked: readonly Asked[];
  /** The candidates that the manifest's `mask.multi` names of each; else the one that the family chooses. */
  readonly multimask: boolean;
}

/** Candidates of one prompt that passed, before they are placed into the whole frame. */
export interface Passed {
  readonly asked: Asked;
  readonly candidate: Candidate;
}

/** Decodes prompts in runs, keeps what passes the filters, and counts. One for each call of segmentEverything. */
export class Decoding {
  readonly #request: EverythingRequest;
  #prompts = 0;
  #planned = 0;
  #runs = 0;
  #timing: SegmentTiming = { prepareMs: 0, encodeMs: 0, decodeMs: 0, maskMs: 0, embeddingReused: true };

  constructor(request: EverythingRequest) {
    this.#request = request;
  }

  /** Prompts that are to come, for the progress. */
  plan(prompts: number): void {
    this.#planned += prompts;
  }

  /** What passed score and stability, in the order of the prompts and their candidates. */
  async decode(task: DecodeTask): Promise<Passed[]> {
    const { promptsPerRun = PROMPTS_PER_RUN, signal, onProgress } = this.#request;
    const passed: Passed[] = [];
    for (let start = 0; start < task.asked.length; start += promptsPerRun) {
      signal?.throwIfAborted();
      const asked = task.asked.slice(start, start + promptsPerRun);
      passed.push(...(await this.#run(asked, task)));
      this.#prompts += asked.length;
      this.#runs += 1;
      onProgress?.({ done: this.#prompts, total: Math.max(this.#planned, this.#prompts) });
    }
    signal?.throwIfAborted();
    return passed;
  }

  result(masks: readonly EverythingMask[]): EverythingResult {
    const { maxMasks } = this.#request.options;
    return {
      masks: maxMasks === null ? masks : masks.slice(0, maxMasks),
      prompts: this.#prompts,
      runs: this.#runs,
      timing: this.#timing,
    };
  }

  /** Time of our own that belongs to the masks. */
  spent(maskMs: number): void {
    this.#timing = { ...this.#timing, maskMs: this.#timing.maskMs + maskMs };
  }

  async #run(asked: readonly Asked[], { frame, multimask }: DecodeTask): Promise<Passed[]> {
    const { segment, options } = this.#request;
    const prompts = asked.map(
      ({ point, box }, i): SegmentPrompt => ({
        id: String(i),
        points: point ? [{ x: point[0], y: point[1], label: 1 }] : [],
        ...(box ? { box } : {}),
        multimask,
      }),
    );
    // A float32 score is held against a float32 threshold, as in torch.
    const minScore = options.minScore > 0 ? Math.fround(options.minScore) : Number.NEGATIVE_INFINITY;
    const { results, timing } = await segment({ frame, prompts, minScore, keepLogits: false });
    this.add(timing);
    return results.flatMap((result, i) => {
      if ('error' in result) throw new SamwireError(result.error.code, result.error.message, result.error);
      return result.candidates
        .filter((found) => passes(found, options))
        .map((found) => ({ asked: asked[i] as Asked, candidate: found }));
    });
  }

  /** Time of a call that was not one of `decode`. */
  add(timing: SegmentTiming): void {
    const sum = this.#timing;
    this.#timing = {
      prepareMs: sum.prepareMs + timing.prepareMs,
      encodeMs: sum.encodeMs + timing.encodeMs,
      decodeMs: sum.decodeMs + timing.decodeMs,
      maskMs: sum.maskMs + timing.maskMs,
      embeddingReused: sum.embeddingReused && timing.embeddingReused,
    };
  }
}

/** The generator's two filters, which are not applied at 0: score above, stability at least. */
function passes(
  { score, stability }: Candidate,
  { minScore, minStability }: EverythingRequest['options'],
): boolean {
  if (minScore > 0 && !(Math.fround(score) > Math.fround(minScore))) return false;
  return !(minStability > 0) || Math.fround(stability) >= Math.fround(minStability);
}
