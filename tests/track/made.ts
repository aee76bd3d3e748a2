import { loadAddon } from '../../src/native/addon.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import type { Candidate, PromptResult, SegmentPrompt } from '../../src/segment/segmenter.js';
import { boxIou } from '../../src/track/place.js';
import { createTracker } from '../../src/track/tracker.js';
import type { TrackedObject, TrackSeed, TrackUpdate } from '../../src/track/types.js';

const addon = loadAddon();

/** Middle and sides, px. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MadeObject {
  readonly id: string;
  readonly colour: readonly [number, number, number];
  /** Where it is at a time, ms; null: nowhere. Those that come later in the list lie in front. */
  readonly at: (timeMs: number) => Rectangle | null;
}

export interface MadeSize {
  readonly width: number;
  readonly height: number;
}

const SIZE: MadeSize = { width: 320, height: 240 };
const GREY = 90;

/** Which object each pixel shows: its place in the list + 1, 0 where none is. */
function labelsAt(objects: readonly MadeObject[], timeMs: number, { width, height }: MadeSize): Uint8Array {
  const labels = new Uint8Array(width * height);
  for (const [k, object] of objects.entries()) {
    const place = object.at(timeMs);
    if (!place) continue;
    const [x1, x2] = [place.x - place.width / 2, place.x + place.width / 2].map((x) => clamp(x, width));
    const [y1, y2] = [place.y - place.height / 2, place.y + place.height / 2].map((y) => clamp(y, height));
    if (x1 === undefined || x2 === undefined || y1 === undefined || y2 === undefined) continue;
    for (let y = y1; y < y2; y++) if (x2 > x1) labels.fill(k + 1, y * width + x1, y * width + x2);
  }
  return labels;
}

function clamp(value: number, limit: number): number {
  return Math.min(limit, Math.max(0, Math.round(value)));
}

function candidateOf(pixels: Uint8Array, { width, height }: MadeSize, score: number): Candidate {
  const { counts, area, box } = addon.maskToRle(pixels, width, height);
  return {
    index: 1,
    score,
    stability: 0.95,
    area,
    box,
    rle: { size: [height, width], counts },
    lowres: { size: [1, 1], counts: '1', scale: [width, height] },
  };
}

/** Coloured rectangles before a grey wall, and a model that knows them: it answers with what its box fits best. */
export class MadeScene {
  readonly #objects: readonly MadeObject[];
  readonly size: MadeSize;

  constructor(objects: readonly MadeObject[], size: MadeSize = SIZE) {
    this.#objects = objects;
    this.size = size;
  }

  /** Owes a `releaseFrame`. */
  frame(timestamp: number, size: MadeSize = this.size): NativeFrameInfo {
    const labels = labelsAt(this.#objects, timestamp, this.size);
    const data = new Uint8Array(size.width * size.height * 3);
    for (let y = 0; y < size.height; y++)
      for (let x = 0; x < size.width; x++) {
        const from =
          Math.floor((y * this.size.height) / size.height) * this.size.width +
          Math.floor((x * this.size.width) / size.width);
        const object = this.#objects[(labels[from] ?? 0) - 1];
        data.set(object?.colour ?? [GREY, GREY, GREY], (y * size.width + x) * 3);
      }
    return addon.createFrame({ format: 'RGB', ...size, data, timestamp, seq: Math.round(timestamp) });
  }

  /** What is seen of one object; null where nothing is. */
  mask(id: string, timestamp: number, score = 0.9): Candidate | null {
    const labels = labelsAt(this.#objects, timestamp, this.size);
    const k = this.#objects.findIndex((object) => object.id === id) + 1;
    const candidate = candidateOf(
      labels.map((label) => (label === k ? 1 : 0)),
      this.size,
      score,
    );
    return candidate.area > 0 ? candidate : null;
  }

  seed(id: string, frame: NativeFrameInfo, as = id): TrackSeed {
    const candidate = this.mask(id, frame.timestamp);
    if (!candidate) throw new Error(`${id} is not seen at ${frame.timestamp}`);
    return { id: as, candidate, frame };
  }

  /** Of each prompt the seen part that its box fits best; the box itself, as a patch of the wall, where none does. */
  answer(prompts: readonly SegmentPrompt[], { timestamp }: NativeFrameInfo): PromptResult[] {
    const seen = this.#objects.flatMap(({ id }) => this.mask(id, timestamp) ?? []);
    return prompts.map(({ box }) => {
      if (!box) return { candidates: [] };
      const fits = seen.map((candidate) => ({
        candidate,
        iou: candidate.box ? boxIou(candidate.box, box) : 0,
      }));
      fits.sort((a, b) => b.iou - a.iou);
      const [best] = fits;
      return { candidates: [best && best.iou > 0.1 ? best.candidate : this.#patch(box)] };
    });
  }

  #patch([x1, y1, x2, y2]: readonly [number, number, number, number]): Candidate {
    const pixels = new Uint8Array(this.size.width * this.size.height);
    for (let y = Math.floor(y1); y < y2; y++)
      pixels.fill(1, y * this.size.width + Math.floor(x1), y * this.size.width + Math.floor(x2));
    return candidateOf(pixels, this.size, 0.6);
  }
}

export interface FollowOptions {
  readonly scene: MadeScene;
  /** Capture times of the frames, ms; on the first one every `ids` is added. */
  readonly times: readonly number[];
  readonly ids: readonly string[];
  readonly lostMs?: number;
}

/** What a tracker said of each frame but the first. */
export function follow({ scene, times, ids, lostMs }: FollowOptions): TrackUpdate[] {
  const tracker = createTracker({ addon, ...(lostMs === undefined ? {} : { lostMs }) });
  return times.flatMap((timestamp, i) => {
    const frame = scene.frame(timestamp);
    try {
      if (i === 0) {
        for (const id of ids) tracker.add(scene.seed(id, frame));
        return [];
      }
      const prompts = tracker.prompts(frame);
      return [tracker.update(frame, prompts, scene.answer(prompts, frame))];
    } finally {
      addon.releaseFrame(frame.id);
    }
  });
}

/** Capture times from `from` to `to`, ms, one every `step`. */
export function every(step: number, from: number, to: number): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}

export function objectOf(update: TrackUpdate | undefined, id: string): TrackedObject | undefined {
  return update?.objects.find((object) => object.id === id);
}

/** IoU of an object's mask with what is really seen of `id`; 0 where either is nothing. */
export function iouWithTruth(
  scene: MadeScene,
  object: TrackedObject | undefined,
  { id, at }: { readonly id: string; readonly at: number },
): number {
  const truth = scene.mask(id, at);
  if (!truth || !object?.candidate) return 0;
  return addon.rleIou(truth.rle.counts, object.candidate.rle.counts, scene.size.width, scene.size.height);
}
