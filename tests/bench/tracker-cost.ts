import type { NativeAddon } from '../../src/native/types.js';
import type { Candidate, PromptResult } from '../../src/segment/segmenter.js';
import { createTracker } from '../../src/track/tracker.js';
import { candidateOf } from '../track/candidate.js';
import { type Distribution, distribution } from './measure.js';

const WIDTH = 1920;
const HEIGHT = 1080;
const OBJECTS = 16;
const SIDE = 180;

/** What a tracker takes on a frame without the model: 16 objects of 180 px at 1080p in NV12, all in view. */
export function trackerCost(addon: NativeAddon, rounds: number): Distribution {
  const tracker = createTracker({ addon });
  const values: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const data = new Uint8Array((WIDTH * HEIGHT * 3) / 2).fill(110);
    const candidates = Array.from({ length: OBJECTS }, (_, k) => paint(addon, data, k, 2 * round));
    const frame = addon.createFrame({
      format: 'NV12',
      width: WIDTH,
      height: HEIGHT,
      data,
      timestamp: round * 40,
      seq: round,
    });
    if (round === 0)
      for (const [k, candidate] of candidates.entries()) tracker.add({ id: `${k}`, candidate, frame });
    else {
      const startedAt = performance.now();
      const prompts = tracker.prompts(frame);
      const promptedAt = performance.now();
      const results = prompts.map(
        ({ id }): PromptResult => ({ candidates: [candidates[Number(id.split('@')[0])] as Candidate] }),
      );
      const answeredAt = performance.now();
      const { objects } = tracker.update(frame, prompts, results);
      values.push(performance.now() - answeredAt + promptedAt - startedAt);
      if (objects.some(({ info }) => info.state !== 'tracked')) throw new Error('an object was not found');
    }
    addon.releaseFrame(frame.id);
  }
  return distribution(values);
}

/** Paints the k-th disc into an NV12 picture; its mask. */
function paint(addon: NativeAddon, data: Uint8Array, k: number, shift: number): Candidate {
  const pixels = new Uint8Array(WIDTH * HEIGHT);
  const [x0, y0] = [40 + (k % 8) * 230 + shift / 2, 60 + Math.floor(k / 8) * 500 + shift];
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      if (Math.hypot(x - SIDE / 2, y - SIDE / 2) > SIDE / 2) continue;
      const pixel = (Math.round(y0) + y) * WIDTH + Math.round(x0) + x;
      pixels[pixel] = 1;
      data[pixel] = 60 + 10 * k;
      const chroma = WIDTH * HEIGHT + ((Math.round(y0) + y) >> 1) * WIDTH + ((Math.round(x0) + x) & ~1);
      data[chroma] = 60 + 8 * k;
      data[chroma + 1] = 190 - 6 * k;
    }
  return candidateOf(addon, pixels, { width: WIDTH, height: HEIGHT });
}
