import { type FaultDetail, SamwireError } from '../../errors.js';
import type { EndedTrack } from '../../masks/types.js';
import { invalidMessage } from '../../prompts/json.js';
import type { TracksMessage } from '../../prompts/tracks.js';
import type { CameraTracks } from './camera-tracks.js';
import type { TrackRecord } from './record.js';

/**
 * Renames or removes tracks; all of it or nothing. Says which ended.
 * @throws SamwireError `unknown_track`, or `invalid_message` for a new id that another track has.
 */
export function changeTracks(tracks: CameraTracks, change: TracksMessage['change']): readonly EndedTrack[] {
  switch (change.kind) {
    case 'none':
      return [];
    case 'remove': {
      const records =
        change.ids === 'all' ? tracks.records : change.ids.map((id, i) => known(tracks, id, `remove[${i}]`));
      return records.map((record) => tracks.end(record, 'removed'));
    }
    case 'rename':
      rename(tracks, change.ids);
      return [];
  }
}

function rename(tracks: CameraTracks, ids: ReadonlyMap<string, string>): void {
  for (const id of ids.keys()) known(tracks, id, `rename.${id}`);
  const wanted = new Set<string>();
  const faults: FaultDetail[] = [];
  for (const [id, to] of ids) {
    if (tracks.get(to) || wanted.has(to))
      faults.push({ path: `rename.${id}`, expected: 'an id that no track has', got: JSON.stringify(to) });
    wanted.add(to);
  }
  if (faults.length > 0) throw invalidMessage(faults);
  for (const [id, to] of ids) tracks.rename(id, to);
}

function known(tracks: CameraTracks, id: string, path: string): TrackRecord {
  const record = tracks.get(id);
  if (record) return record;
  const ids = tracks.records.map((other) => other.id);
  const expected = ids.length === 0 ? 'a track (none is followed)' : `one of ${ids.join(', ')}`;
  throw new SamwireError('unknown_track', `Expected ${expected} at ${path}, got "${id}".`, {
    details: [{ path, expected, got: JSON.stringify(id) }],
  });
}
