import { pino } from 'pino';
import { ensureEngines } from '../build/ensure.js';
import { SamwireError } from '../errors.js';
import type { ModelDirectory } from '../models/directory.js';
import { loadAddon } from '../native/addon.js';
import { createSegmenter } from '../segment/create.js';
import type { SegmentPrompt } from '../segment/segmenter.js';

const WIDTH = 640;
const HEIGHT = 480;
const THREADS = 2;

export interface TrialOptions {
  /** `model.cache` of the config. */
  readonly cache: string;
  readonly maxPrompts: number;
}

/**
 * Loads a model and runs a picture with a box and a point prompt through it: on its TensorRT engines where they are
 * built, else on the onnx backend. Says how long it took, not whether the masks are good. Builds nothing.
 * @throws SamwireError when a run fails, ManifestError when the model can't be loaded.
 */
export async function trialRun(model: ModelDirectory, options: TrialOptions): Promise<string> {
  const addon = loadAddon();
  const common = { model, threads: THREADS, log: pino({ level: 'silent' }) };
  const ensured = await ensureEngines({ ...common, ...options, backend: 'auto', mayBuild: false });
  const segmenter = await createSegmenter({
    ...common,
    ...(ensured.engines === null ? {} : { engines: ensured.engines }),
  });
  const data = disc();
  const frame = addon.createFrame({
    format: 'RGB',
    width: WIDTH,
    height: HEIGHT,
    data,
    timestamp: 0,
    seq: 0,
  });
  const prompts: readonly SegmentPrompt[] = [
    { id: 'box', points: [], box: [200, 120, 440, 360], multimask: false },
    { id: 'point', points: [{ x: 320, y: 240, label: 1 }], multimask: false },
  ];
  try {
    const { results, timing } = await segmenter.segment({ frame, prompts });
    for (const result of results) {
      if ('error' in result) throw new SamwireError(result.error.code, result.error.message);
    }
    const { encodeMs, decodeMs } = timing;
    const here = addon.tensorrtStatus().problem === null;
    const why = here && ensured.engines === null ? `. ${ensured.why}` : '';
    return (
      `trial run on the ${segmenter.backend} backend: encode ${encodeMs.toFixed(0)} ms, ` +
      `decode of a box and a point ${decodeMs.toFixed(0)} ms (first run)${why}`
    );
  } finally {
    addon.releaseFrame(frame.id);
    await segmenter.close();
  }
}

/** A bright disc on a dark ground: something with an edge. */
function disc(): Uint8Array {
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const inside = Math.hypot(x - WIDTH / 2, y - HEIGHT / 2) < HEIGHT / 4;
      rgb.fill(inside ? 220 : 40, (y * WIDTH + x) * 3, (y * WIDTH + x) * 3 + 3);
    }
  }
  return rgb;
}
