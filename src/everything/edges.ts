import { SamwireError } from '../errors.js';
import type { EdgeMap, Segmenter, SegmentTiming } from '../segment/segmenter.js';
import { Decoding } from './decode.js';
import { segmentEverything } from './generate.js';
import { EVERYTHING_DEFAULTS, type EverythingOptions, type EverythingRequest } from './types.js';

/**
 * How SAM's authors find edges ("Segment Anything", appendix D.2), and RepViT-SAM's after them: 16 × 16 points, three masks
 * each, doubles dropped by box NMS, and no filter by score or stability.
 */
export const EDGE_OPTIONS: EverythingOptions = {
  ...EVERYTHING_DEFAULTS,
  grid: 16,
  minScore: 0,
  minStability: 0,
};

/** Prompts of one request for the map; who else wants the model waits for one request only. */
const PROMPTS_PER_RUN = 16;

export interface EdgeMapRequest
  extends Pick<EverythingRequest, 'frame' | 'segment' | 'addon' | 'signal' | 'onProgress'> {
  /** The segmenter's own, or one that lets others go first. */
  readonly edges: NonNullable<Segmenter['edges']>;
  /** Points a side, instead of the paper's. */
  readonly grid?: number;
  readonly promptsPerRun?: number;
}

export interface EdgeMapResult {
  readonly map: EdgeMap;
  /** Masks whose edges it shows. */
  readonly masks: number;
  /** Prompts that were decoded: those of the grid, and one a mask. */
  readonly prompts: number;
  readonly timing: SegmentTiming;
}

/**
 * The edge map of a frame: the masks of a grid of points are found, then decoded once more for their logits, whose
 * soft edges are gathered where they are (native/edges).
 * @throws SamwireError what `segment` and `edges` throw; the signal's reason.
 */
export async function edgeMapOf(request: EdgeMapRequest): Promise<EdgeMapResult> {
  const { frame, edges, signal, promptsPerRun = PROMPTS_PER_RUN } = request;
  const options = request.grid === undefined ? EDGE_OPTIONS : { ...EDGE_OPTIONS, grid: request.grid };
  const found = await segmentEverything({ ...request, promptsPerRun, options });
  const sum = new Decoding({ ...request, options });
  sum.add(found.timing);
  const prompts = found.masks.map(({ point, index }, i) => ({
    id: String(i),
    points: point ? [{ x: point[0], y: point[1], label: 1 as const }] : [],
    multimask: false,
    candidate: index,
  }));
  let map: EdgeMap | null = null;
  let done = 0;
  do {
    signal?.throwIfAborted();
    const some = prompts.slice(done, done + promptsPerRun);
    const last = done + promptsPerRun >= prompts.length;
    const part = await edges({ frame, prompts: some, first: done === 0, last });
    sum.add(part.timing);
    map = part.map;
    done += promptsPerRun;
  } while (done < prompts.length);
  if (!map) throw new SamwireError('internal', 'The last request for an edge map gave none.');
  const { timing } = sum.result([]);
  return { map, masks: found.masks.length, prompts: found.prompts + found.masks.length, timing };
}
