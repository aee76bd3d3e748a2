import { afterEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import type { Candidate, PromptResult } from '../../src/segment/segmenter.js';
import { Pattern } from '../../src/track/pattern.js';
import { boxIou, type Place } from '../../src/track/place.js';
import { createTracker } from '../../src/track/tracker.js';
import { candidateOf } from './candidate.js';

const addon = loadAddon();
afterEach(() => expect(addon.framesInUse()).toBe(0));

const [WIDTH, HEIGHT] = [320, 240];

/** Hills of grey all over the frame, moved and scaled. Owes a `releaseFrame`. */
function hills({ shift = 0, scale = 1, timestamp = 0, spread = 35 }): NativeFrameInfo {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const [u, v] = [(x + 0.5 - shift) / scale, (y + 0.5) / scale];
      const height =
        Math.sin(u / 9) * Math.cos(v / 11) + Math.sin((u + 2 * v) / 23) + Math.cos((u - v) / 7) / 2;
      data[y * WIDTH + x] = 110 + spread * height;
    }
  return addon.createFrame({
    format: 'GRAY8',
    width: WIDTH,
    height: HEIGHT,
    data,
    timestamp,
    seq: timestamp,
  });
}

/** A mask of all of a box, and a score. */
function candidate([x1, y1, x2, y2]: readonly number[]): Candidate {
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  const [left, right] = [Math.max(0, Math.round(x1 as number)), Math.min(WIDTH, Math.round(x2 as number))];
  for (let y = Math.max(0, Math.round(y1 as number)); y < Math.min(HEIGHT, Math.round(y2 as number)); y++)
    pixels.fill(1, y * WIDTH + left, y * WIDTH + right);
  return candidateOf(addon, pixels, { width: WIDTH, height: HEIGHT });
}

describe('a pattern', () => {
  const place: Place = { x: 140, y: 120, width: 80, height: 60 };
  const counts = candidate([100, 90, 180, 150]).rle.counts;
  const found = (
    later: Parameters<typeof hills>[0],
    first: Parameters<typeof hills>[0] = {},
  ): Place | null => {
    const frame = hills(first);
    const pattern = new Pattern(addon, counts, place, frame);
    const next = hills(later);
    const at = pattern.find(place, next);
    for (const { id } of [frame, next]) addon.releaseFrame(id);
    return at;
  };

  it('is found where it has moved, and grown', () => {
    const at = found({ shift: -5, scale: 1.05 });
    expect(at?.x).toBeCloseTo(140 * 1.05 - 5, 0);
    expect(at?.y).toBeCloseTo(120 * 1.05, 0);
    expect(at?.width).toBeCloseTo(80 * 1.05, 0);
  });

  it('is not found where the frame shows nothing', () => {
    expect(found({ spread: 0 })).toBeNull();
    expect(found({ spread: 0 }, { spread: 0 })).toBeNull();
  });
});

describe('a track of an object with a pattern', () => {
  it('stays on it though each mask is what was asked for and a little more', () => {
    const tracker = createTracker({ addon });
    let last = 0;
    for (let i = 0; i <= 25; i++) {
      const frame = hills({ shift: 3 * i, timestamp: i * 40 });
      if (i === 0) tracker.add({ id: 'a', candidate: candidate([100, 90, 180, 150]), frame });
      else {
        const prompts = tracker.prompts(frame);
        const results = prompts.map(({ box }): PromptResult => {
          const [x1, y1, x2, y2] = box ?? [0, 0, 0, 0];
          return { candidates: [candidate([x1 - 1, y1, x2 - 2, y2 + 3])] };
        });
        tracker.update(frame, prompts, results);
        const box = prompts[0]?.box;
        last = box ? boxIou([...box], [100 + 3 * i, 90, 180 + 3 * i, 150]) : 0;
      }
      addon.releaseFrame(frame.id);
    }
    expect(last).toBeGreaterThan(0.9);
  });
});
