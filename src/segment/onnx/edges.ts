import { SamwireError } from '../../errors.js';
import type { NativeAddon, NativeMaskSpec } from '../../native/types.js';
import { Recent } from '../recent.js';
import type { EdgesRequest, EdgesResult, SegmentTiming } from '../segmenter.js';
import type { Decoded } from './answer.js';

export type EdgeAddon = Pick<NativeAddon, 'addSoftEdges' | 'edgeMap'>;

/** Maps in work, one a frame: 4 bytes a pixel. The one that was added to longest ago gives way. */
const MAPS_KEPT = 2;

export interface DecodedPrompts {
  /** `decoded[i]` belongs to `prompts[i]`. */
  readonly decoded: readonly (Decoded | SamwireError)[];
  readonly timing: Omit<SegmentTiming, 'maskMs'>;
}

export interface EdgeParts {
  readonly addon: EdgeAddon;
  /** How logits become masks of a frame. */
  readonly specOf: (frame: EdgesRequest['frame']) => NativeMaskSpec;
  readonly decode: (request: Pick<EdgesRequest, 'frame' | 'prompts'>) => Promise<DecodedPrompts>;
}

/** Edge maps of frames, gathered over several requests: prompts → logits → soft edges, of which the strongest stay. */
export class EdgeMaps {
  readonly #parts: EdgeParts;
  readonly #strengths = new Recent<number, Float32Array>(MAPS_KEPT);

  constructor(parts: EdgeParts) {
    this.#parts = parts;
  }

  async add({ frame, prompts, first, last }: EdgesRequest): Promise<EdgesResult> {
    const { addon, decode, specOf } = this.#parts;
    const { width, height } = frame;
    const strength = first ? new Float32Array(width * height) : this.#strengths.get(frame.id);
    if (!strength)
      throw new SamwireError(
        'overloaded',
        'The edge map in work was dropped for those of other frames; ask for it anew.',
      );
    this.#strengths.set(frame.id, strength);
    const { decoded, timing } = await decode({ frame, prompts });
    const startedAt = performance.now();
    const spec = specOf(frame);
    for (const [i, answer] of decoded.entries()) {
      if (answer instanceof SamwireError) throw answer;
      addon.addSoftEdges(answer.logits, spec, prompts[i]?.candidate ?? 0, strength);
    }
    const map = last ? { width, height, data: addon.edgeMap(strength, width, height) } : null;
    if (last) this.#strengths.delete(frame.id);
    return { map, timing: { ...timing, maskMs: performance.now() - startedAt } };
  }
}
