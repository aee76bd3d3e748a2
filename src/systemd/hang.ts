import type { Vitals } from './vitals.js';

/** Without a sign of life for so long, the loading of the model hangs. */
export const MAX_LOAD_QUIET_MS = 120_000;
/** A camera's frames, or the steps of its supervision, which come four times a second. A frame may be 50 s behind the last. */
export const MAX_CAMERA_QUIET_MS = 60_000;
/** No run is taken to hang before this, or before five times the slowest so far; after the longest, every one is. */
const MAX_RUN_MS = { least: 60_000, times: 5, most: 600_000 } as const;
/** A file's state is asked for on libuv's pool, which decodes pictures and looks hosts up. */
export const MAX_POOL_QUIET_MS = 60_000;

export function maxRunMs(slowestMs: number): number {
  return Math.min(Math.max(MAX_RUN_MS.least, slowestMs * MAX_RUN_MS.times), MAX_RUN_MS.most);
}

/**
 * What does not advance and should, in a sentence; null while all does. Idling is no hang: a model that nobody asks, a camera
 * that is opened again and again, a broker that is away.
 * @param poolQuietMs how long libuv's pool has owed an answer.
 */
export function hangOf({ load, run, cameras }: Vitals, poolQuietMs: number): string | null {
  if (load !== null && load.quietMs > MAX_LOAD_QUIET_MS)
    return `The loading of the model has shown no sign of life for ${seconds(load.quietMs)} s.`;
  if (run.atWorkMs !== null && run.atWorkMs > maxRunMs(run.slowestMs))
    return `A run of the model has not ended for ${seconds(run.atWorkMs)} s.`;
  const camera = cameras.find(({ quietMs }) => quietMs > MAX_CAMERA_QUIET_MS);
  if (camera)
    return `Camera ${camera.name} (${camera.state.state}) has not advanced for ${seconds(camera.quietMs)} s.`;
  if (poolQuietMs > MAX_POOL_QUIET_MS)
    return `The thread pool has answered nothing for ${seconds(poolQuietMs)} s.`;
  return null;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
