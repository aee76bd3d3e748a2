/** The parameters of `request/tracks` (docs/tracks.md). */
import { z } from 'zod';
import type { TrackInfo } from '../masks/types.js';
import { check, invalidMessage } from './json.js';
import { idSchema } from './message.js';

const RENAME_EXPECTED = 'an object of ids and their new ids, such as {"cup": "mug"}';
const REMOVE_EXPECTED = 'an array of ids, or "all"';
/** More than can be followed. */
const MAX_IDS = 256;

/** The request as senders write it; with neither `rename` nor `remove` it lists. */
export const tracksRequestSchema = z.object({
  transaction: idSchema.optional(),
  camera: idSchema,
  list: z.literal(true, { error: 'true' }).optional(),
  rename: z.record(idSchema, idSchema, { error: RENAME_EXPECTED }).optional(),
  remove: z
    .union([z.literal('all'), z.array(idSchema, { error: REMOVE_EXPECTED }).max(MAX_IDS)], {
      error: REMOVE_EXPECTED,
    })
    .optional(),
});

/** Who asked for a track: a person's or program's prompt, or a detector's payload. */
export type TrackSource = 'prompt' | 'detections';

/** One followed object, as `request/tracks` lists it. */
export interface TrackListing {
  readonly id: string;
  readonly label?: string;
  readonly confidence?: number;
  readonly source: TrackSource;
  readonly state: TrackInfo['state'];
  /** Of its last mask: [x1, y1, x2, y2], x2 and y2 exclusive. */
  readonly box: readonly [number, number, number, number] | null;
  /** Capture times, ms since the Unix epoch: of the frame it was named on, and of the last one it was found on. */
  readonly since: number;
  readonly lastSeen: number;
  readonly ttlLeftMs?: number;
}

/** What is to be done with the tracks of a camera before they are listed. */
export interface TracksMessage {
  readonly camera: string;
  readonly change:
    | { readonly kind: 'none' }
    /** From an id to its new one. */
    | { readonly kind: 'rename'; readonly ids: ReadonlyMap<string, string> }
    | { readonly kind: 'remove'; readonly ids: readonly string[] | 'all' };
}

/**
 * The parameters of a request about tracks, checked.
 * @throws SamwireError `invalid_message` with all faults at once.
 */
export function checkTracksRequest(value: Record<string, unknown>): TracksMessage {
  const renamed = Object.keys(Object(value.rename)).length;
  // Before each of them is looked at: a message has room for faults by the ten thousand.
  if (renamed > MAX_IDS)
    throw invalidMessage([{ path: 'rename', expected: `at most ${MAX_IDS} ids`, got: String(renamed) }]);
  const { camera, list, rename, remove } = check(tracksRequestSchema, value);
  const given = Object.entries({ list, rename, remove }).filter(([, asked]) => asked !== undefined);
  if (given.length > 1)
    throw invalidMessage([
      { path: '', expected: 'one of list, rename, remove', got: given.map(([key]) => key).join(', ') },
    ]);
  if (rename !== undefined)
    return { camera, change: { kind: 'rename', ids: new Map(Object.entries(rename)) } };
  if (remove !== undefined)
    return { camera, change: { kind: 'remove', ids: remove === 'all' ? 'all' : [...new Set(remove)] } };
  return { camera, change: { kind: 'none' } };
}
