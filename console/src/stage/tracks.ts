import type { Masks } from '../../../src/http/live/protocol.js';
import type { TrackListing } from '../../../src/prompts/tracks.js';
import { endedText, nameOf } from './words.js';

/** A followed object, as far as the page shows it. */
export interface TrackShown {
  readonly id: string;
  readonly label?: string;
  readonly state: 'tracked' | 'occluded';
}

interface Named extends Pick<TrackListing, 'id' | 'state'> {
  readonly label?: string | undefined;
}

export function followed({ id, label, state }: Named): TrackShown {
  return { id, ...(label === undefined ? {} : { label }), state };
}

/**
 * The tracks after a masks message: the same list where nothing changed. One of the source `track` names all tracks of
 * its camera. `ended`: what there is to say of those that ended and are `ours`.
 */
export function tracksOf(
  before: readonly TrackShown[],
  ours: (id: string) => boolean,
  { message, masks }: Pick<Masks, 'masks'> & { readonly message: Pick<Masks['message'], 'source' | 'ended'> },
): { readonly now: readonly TrackShown[]; readonly ended: string | null } {
  if (message.source !== 'track') return { now: before, ended: null };
  const now = masks.flatMap((mask) =>
    mask.track ? [followed({ id: mask.id, label: mask.label, state: mask.track.state })] : [],
  );
  const ended = (message.ended ?? [])
    .filter(({ id }) => ours(id))
    .map(({ id, reason }) => endedText(nameOf(before.find((track) => track.id === id) ?? { id }), reason));
  return { now: isSame(before, now) ? before : now, ended: ended.length > 0 ? ended.join('; ') : null };
}

function isSame(a: readonly TrackShown[], b: readonly TrackShown[]): boolean {
  return (
    a.length === b.length &&
    a.every((track, i) => {
      const other = b[i];
      return track.id === other?.id && track.label === other.label && track.state === other.state;
    })
  );
}
