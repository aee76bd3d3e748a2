import type { NativeAddon } from '../native/types.js';
import { confidentStrategy } from './confident.js';
import { cropTasks, inCrops } from './crops.js';
import type { Asked, Decoding, Found } from './decode.js';
import { gridOn } from './grid.js';
import { overlapsOneOf } from './same.js';
import type { EverythingMask, EverythingRequest } from './types.js';

/** TinySAM's first round has a quarter of the points a side (points_per_side // 4). */
const SPARSE = 4;
/** The share of a grid's points that may be decoded. */
const BUDGET = 0.5;
/** Rounds in which a whole grid would be decoded: between two of them what was found says where to look next. */
const ROUNDS = 64;
/** Cells round a point whose gain speaks for it: as far as the sparse points reach. */
const REACH = 2;
/** Masks that overlap by this are one mask. */
const SAME = 0.8;
/** What a decoded point says for its neighbours: the best mask of its kind so far, one that was found better, hardly one. */
const GAIN = { best: 1, again: 0.5, unsure: (share: number) => share ** 3, barren: 0.2 } as const;
/** Candidates down to this part of the thresholds are looked at: they say that a mask may be near. */
const UNSURE = 0.7;

/**
 * A sparse round over the whole picture, then dense points only where they promise something, half of the grid's points
 * in all. TinySAM's idea (Shu et al., 2023: no dense points where a confident mask lies), told by what is found and
 * not by a level of logits, which differs from model to model: a neighbour speaks for a point whose mask is new or the
 * best of its kind so far; one whose mask was found better before speaks half as much, one without a mask hardly. So
 * rounds go where masks still get more and better, neither into the middle of what is found nor into bare ground.
 */
export async function hierarchicalStrategy(
  request: EverythingRequest,
  decoding: Decoding,
): Promise<EverythingMask[]> {
  const { confidentLogit: level } = request.options;
  if (level !== null) return confidentStrategy(request, decoding, { level });
  decoding.plan(cropTasks(request).reduce((sum, { side }) => sum + budgetOf(side), 0));
  return inCrops(request, async ({ frame, side }) => {
    const search = new Search(side, request.addon);
    const points = gridOn(frame, side);
    for (let next = search.first(); next.length > 0; next = search.next()) {
      const asked = next.map((index) => points[index] as Asked);
      const found = await decoding.decode({ frame, asked, multimask: true, unsure: UNSURE });
      search.learn(next, found);
    }
    return search.passed();
  });
}

/** Prompts for a grid of `side` × `side`. */
export function budgetOf(side: number): number {
  return Math.max(sparsePoints(side).length, Math.ceil(side * side * BUDGET));
}

/** Indices of the first round's points: every fourth one of small and large grids, from the second on. */
function sparsePoints(side: number): number[] {
  const every = Math.min(SPARSE, Math.max(1, side >> 1));
  const line = Array.from({ length: side }, (_, i) => i).filter((i) => i % every === (every - 1) >> 1);
  return line.flatMap((row) => line.map((column) => row * side + column));
}

/** Which points of one grid are worth decoding, as told by those that were. */
class Search {
  readonly #side: number;
  readonly #addon: Pick<NativeAddon, 'rleIouMatrix'>;
  /** By point; NaN: not decoded. */
  readonly #gains: Float64Array;
  readonly #found = new Map<number, readonly Found[]>();
  readonly #masks: Found['candidate'][] = [];

  constructor(side: number, addon: Pick<NativeAddon, 'rleIouMatrix'>) {
    this.#side = side;
    this.#addon = addon;
    this.#gains = new Float64Array(side * side).fill(Number.NaN);
  }

  first(): readonly number[] {
    return sparsePoints(this.#side);
  }

  /** The points of the next round, the most promising ones; none when the budget is spent. */
  next(): readonly number[] {
    const decoded = this.#gains.filter((gain) => !Number.isNaN(gain)).length;
    const round = Math.max(1, Math.ceil(this.#gains.length / ROUNDS));
    const count = Math.min(round, budgetOf(this.#side) - decoded);
    if (count <= 0) return [];
    const promise = this.#gains.map((_, index) => this.#promise(index));
    return [...this.#gains.keys()]
      .filter((index) => Number.isNaN(this.#gains[index]))
      .sort((a, b) => (promise[b] as number) - (promise[a] as number))
      .slice(0, count);
  }

  learn(points: readonly number[], found: readonly Found[]): void {
    const known = this.#masks.length;
    const gains = points.map((point, i) => {
      const own = found.filter(({ place }) => place === i);
      this.#found.set(point, own);
      return this.#gain(own, known);
    });
    points.forEach((point, i) => {
      this.#gains[point] = gains[i] as number;
    });
  }

  /** What passed, in the order of the grid. */
  passed(): Found[] {
    const points = [...this.#found.keys()].sort((a, b) => a - b);
    return points.flatMap((point) => (this.#found.get(point) ?? []).filter(({ passes }) => passes));
  }

  /** `known`: how many masks were found before this round. */
  #gain(own: readonly Found[], known: number): number {
    const passed = own.filter(({ passes }) => passes);
    if (passed.length === 0) return Math.max(GAIN.barren, ...own.map(({ share }) => GAIN.unsure(share)));
    const before = this.#masks.slice(0, known);
    const isBest = passed.some(({ candidate }) => {
      const better = before.filter(({ score }) => score >= candidate.score);
      return !overlapsOneOf(candidate, better, SAME, this.#addon);
    });
    this.#masks.push(...passed.map(({ candidate }) => candidate));
    return isBest ? GAIN.best : GAIN.again;
  }

  /** The mean gain of the decoded points near this one, the nearer the heavier. */
  #promise(index: number): number {
    const side = this.#side;
    const [row, column] = [Math.floor(index / side), index % side];
    let [sum, weights] = [0, 0];
    for (let y = Math.max(0, row - REACH); y <= Math.min(side - 1, row + REACH); y++)
      for (let x = Math.max(0, column - REACH); x <= Math.min(side - 1, column + REACH); x++) {
        const gain = this.#gains[y * side + x] as number;
        if (Number.isNaN(gain)) continue;
        const weight = 1 / ((y - row) ** 2 + (x - column) ** 2);
        sum += gain * weight;
        weights += weight;
      }
    return weights > 0 ? sum / weights : -1;
  }
}
