import type { NativeAddon } from '../../native/types.js';
import type { InferenceEngine } from './inference-engine.js';
import { CHUNK } from './sam/decode.js';

const SIDE = 256;

/**
 * Runs a grey picture with one prompt and with as many as a run takes, before anybody asks: onnxruntime's memory has
 * its full size from then on (its arena grows with the largest batch and never shrinks), the first answer is as fast
 * as the others, and a model that loads but can't run is found at the start.
 * @throws SamwireError `model_failed`.
 */
export async function warmUp(
  engine: InferenceEngine,
  addon: Pick<NativeAddon, 'createFrame' | 'releaseFrame'>,
): Promise<void> {
  const frame = addon.createFrame({
    format: 'GRAY8',
    width: SIDE,
    height: SIDE,
    data: new Uint8Array(SIDE * SIDE).fill(128),
    timestamp: 0,
    seq: 0,
  });
  const box = [SIDE / 4, SIDE / 4, (SIDE * 3) / 4, (SIDE * 3) / 4] as const;
  const prompts = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `warm-up-${i}`, box, points: [], multimask: false }));
  try {
    for (const count of [1, CHUNK]) await engine.segment({ frame, prompts: prompts(count) });
  } finally {
    addon.releaseFrame(frame.id);
  }
}
