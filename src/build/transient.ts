import { TransientError } from '../errors.js';
import { SelfTestError } from './build.js';
import { CacheError } from './cache-folder.js';
import { ChildDiedError } from './run-task.js';

/**
 * Whether engines may be had later though nobody mends anything: memory or room on the disk was lacking. What TensorRT
 * could not build counts as well, for it does not tell a lack of GPU memory from the rest.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof CacheError) return error.isFull;
  if (error instanceof SelfTestError) return error.trials.some(({ problem }) => problem !== undefined);
  return error instanceof TransientError || error instanceof ChildDiedError;
}
