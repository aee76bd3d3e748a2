import { parentPort } from 'node:worker_threads';
import { sceneMasks } from './masks.js';
import { createStillLife, renderFrame } from './render.js';
import { placeObjects, SCENE_FPS } from './scene.js';
import type { Truth } from './truth.js';

export interface RenderedFrame {
  readonly index: number;
  readonly rgb: Uint8Array;
  readonly truth: Truth['frames'][number];
}

function truthOf(timeMs: number): RenderedFrame['truth'] {
  const seen = new Map(sceneMasks(timeMs).map((mask) => [mask.id, mask]));
  return placeObjects(timeMs).map(({ object }) => {
    const mask = seen.get(object.id);
    if (!mask) return null;
    return [...mask.box, ...mask.innerPoint, mask.area, Math.round(mask.occlusion * 1000) / 1000];
  });
}

const still = createStillLife();
parentPort?.on('message', (index: number) => {
  const timeMs = (index * 1000) / SCENE_FPS;
  const frame: RenderedFrame = { index, rgb: renderFrame(still, timeMs), truth: truthOf(timeMs) };
  parentPort?.postMessage(frame);
});
