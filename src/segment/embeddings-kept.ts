import type { EncoderContract } from '../models/contract.js';

/** However many cameras there are: prompts, detections and tracks of one camera name a few frames at a time. */
const LEAST = 8;
/** What one more camera keeps for itself, so that the others' frames do not push its own out at once. */
const PER_CAMERA = 4;
const MOST = 128;
/** Beyond it only the least number is kept. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * Frames whose embedding is kept, so that a second prompt on one costs a decode only: 8, and 4 for each camera beyond the
 * second, within 256 MiB. A frame has 2 MB for samwire-tiny, 4 MB for SAM's 256×64×64, 17 MB with SAM 2's features.
 */
export function embeddingsKept(
  { embedding, features }: Pick<EncoderContract, 'embedding' | 'features'>,
  cameras: number,
): number {
  const bytes = [embedding, ...features.map(({ shape }) => shape)]
    .map((shape) => shape.reduce((product, length) => product * length, 4))
    .reduce((sum, size) => sum + size, 0);
  const wanted = Math.min(MOST, Math.max(LEAST, PER_CAMERA * cameras));
  return Math.max(LEAST, Math.min(wanted, Math.floor(MAX_BYTES / bytes)));
}
