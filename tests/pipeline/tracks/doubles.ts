/** Tracking on the doubles of the scheduler's edges, with a tracker that believes what the test lets the model see. */

import { pino } from 'pino';
import type { ArrivedFrame } from '../../../src/frames/camera.js';
import type { MaskItem, MasksMessage } from '../../../src/masks/types.js';
import { loadAddon } from '../../../src/native/addon.js';
import type { NativeFrameInfo } from '../../../src/native/types.js';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { Tracking } from '../../../src/pipeline/tracks/tracking.js';
import type { Candidate, PromptResult, SegmentPrompt } from '../../../src/segment/segmenter.js';
import type { Tracker, TrackSeed, TrackUpdate } from '../../../src/track/types.js';
import { FakeCamera, type SetupOptions, setup } from '../doubles.js';

type Corners = readonly [number, number, number, number];

const addon = loadAddon();
export const [WIDTH, HEIGHT] = [64, 48];

/** A rectangle's mask; null: an empty one. */
export function rectangle(box: Corners | null, score = 0.9): Candidate {
  const mask = new Uint8Array(WIDTH * HEIGHT);
  if (box) for (let y = box[1]; y < box[3]; y += 1) mask.fill(1, y * WIDTH + box[0], y * WIDTH + box[2]);
  const { counts, area, box: tight } = addon.maskToRle(mask, WIDTH, HEIGHT);
  const lowres = { size: [1, 1], counts: '1', scale: [WIDTH, HEIGHT] } as const;
  return { index: 0, score, stability: 1, area, box: tight, rle: { size: [HEIGHT, WIDTH], counts }, lowres };
}

/** Follows by no rule of its own: an object is where the model finds it, and hidden where it finds nothing. */
export class BelievingTracker implements Tracker {
  readonly seeds: TrackSeed[] = [];
  readonly #objects = new Map<string, TrackSeed>();
  /** These end with the next update. */
  readonly leaving = new Set<string>();

  get size(): number {
    return this.#objects.size;
  }

  get mostPrompts(): number {
    return this.#objects.size;
  }

  get ids(): string[] {
    return [...this.#objects.keys()];
  }

  add(seed: TrackSeed): void {
    this.seeds.push(seed);
    this.#objects.set(seed.id, seed);
  }

  remove(id: string): boolean {
    return this.#objects.delete(id);
  }

  rename(): boolean {
    return false;
  }

  prompts(): readonly SegmentPrompt[] {
    return [...this.#objects].map(([id, { candidate }]) => ({
      id,
      points: [],
      box: candidate.box ?? [0, 0, 1, 1],
      multimask: false,
    }));
  }

  update(
    { timestamp }: NativeFrameInfo,
    prompts: readonly SegmentPrompt[],
    results: readonly PromptResult[],
  ): TrackUpdate {
    const ended = [...this.leaving].map((id) => ({ id, reason: 'left' }) as const);
    for (const { id } of ended) this.#objects.delete(id);
    this.leaving.clear();
    const objects = [...this.#objects].map(([id, seed]) => {
      const result = results[prompts.findIndex((prompt) => prompt.id === id)];
      const candidate = (result && 'candidates' in result && result.candidates[0]) || null;
      const state = candidate ? ('tracked' as const) : ('occluded' as const);
      return { id, info: { state, ageMs: timestamp - seed.frame.timestamp }, candidate };
    });
    return { objects, ended };
  }
}

/** A camera that tells of its frames. */
export class FollowedCamera extends FakeCamera {
  readonly #listeners = new Set<(frame: ArrivedFrame) => void>();

  onFrame(listener: (frame: ArrivedFrame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  override push(id: number, timestamp = id): NativeFrameInfo {
    const frame = super.push(id, timestamp);
    for (const listener of this.#listeners) listener(frame);
    return frame;
  }
}

export interface TracksSetup extends SetupOptions {
  readonly maxPerCamera?: number;
  readonly lostMs?: number;
}

/** `out()` counts the frame handles that nobody has released. */
export function setupTracks({ maxPerCamera = 4, lostMs = 1000, ...more }: TracksSetup = {}) {
  const { camera: base, segmenter, scheduler, settled, out, submit } = setup(more);
  const { handles } = base;
  const camera = new FollowedCamera('front', handles);
  const tracker = new BelievingTracker();
  const clock = { now: 0 };
  const messages: MasksMessage[] = [];
  const count = (id: number, by: number): void => void handles.set(id, (handles.get(id) ?? 0) + by);
  const retainFrame = (id: number): boolean => {
    count(id, 1);
    return true;
  };
  const tracking = new Tracking({
    cameras: new Map([['front', camera]]),
    createTracker: () => tracker,
    maxPerCamera,
    lostMs,
    scheduler: () => scheduler,
    segmenter: () => segmenter,
    addon: Object.assign(Object.create(addon), { retainFrame, releaseFrame: (id: number) => count(id, -1) }),
    encodings: ['rle'],
    polygonTolerancePx: 1,
    deliver: async (_camera, { message }) => {
      messages.push(masksMessageSchema.parse(message));
    },
    log: pino({ level: 'silent' }),
    now: () => clock.now,
  });
  tracking.start();
  /** A new frame, and what the pipeline begins with it. */
  const push = async (id: number, timestamp = id): Promise<void> => {
    camera.push(id, timestamp);
    await settled();
  };
  /** The model answers the run in work: what it finds for each of its prompts. */
  const see = async (...boxes: (Corners | null)[]): Promise<void> => {
    const results = boxes.map((box) => ({ candidates: box ? [rectangle(box)] : [] }));
    await segmenter.answer(undefined, results);
    await settled();
  };
  const follow = (
    id: string,
    box: Corners,
    options: { label?: string; ttlMs?: number; seq?: number } = {},
  ) => {
    const { seq, ttlMs, label } = options;
    const frame = camera.acquire(seq === undefined ? 'latest' : { seq });
    if (!frame) throw new Error('the camera holds no such frame');
    try {
      return tracking.follow('front', {
        frame,
        seeds: [{ id, candidate: rectangle(box), ...(label === undefined ? {} : { label }) }],
        ...(ttlMs === undefined ? {} : { ttlMs }),
      });
    } finally {
      count(frame.id, -1);
    }
  };
  const listed = () => tracking.change({ camera: 'front', change: { kind: 'none' } });
  const close = async (): Promise<void> => {
    const closed = tracking.close();
    scheduler.close({ graceMs: 0 });
    await closed;
  };
  return {
    camera,
    push,
    segmenter,
    scheduler,
    submit,
    tracker,
    tracking,
    clock,
    messages,
    settled,
    out,
    see,
    follow,
    listed,
    close,
  };
}

export function masksById({ masks }: MasksMessage): Record<string, MaskItem> {
  return Object.fromEntries(masks.flatMap((mask) => ('error' in mask ? [] : [[mask.id, mask]])));
}
