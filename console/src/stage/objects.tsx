import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { css } from '../masks/colours.js';
import { useStore } from '../state/store.js';
import type { StageModel } from './model.js';
import { maskOf, type Session } from './session.js';
import type { TrackShown } from './tracks.js';
import { nameOf, scoreText } from './words.js';

/** As ids are written everywhere in Samwire. */
const ID_PATTERN = '[A-Za-z0-9._:\\-]{1,64}';

/** The lists beside the picture: what was asked for on it, and what is followed. */
export function Objects({ model }: { readonly model: StageModel }): JSX.Element {
  const { session, tracks } = useStore(model.state, (state) => state);
  return (
    <div class="objects">
      <section aria-labelledby="objects-title">
        <h3 id="objects-title">On this picture</h3>
        {session ? (
          <SessionList model={model} session={session} />
        ) : (
          <p class="dim">Click an object in the picture: it stands still, and the mask appears.</p>
        )}
      </section>
      {session && session.everything.length > 0 && <Found model={model} session={session} />}
      <section aria-labelledby="tracks-title">
        <h3 id="tracks-title">Followed</h3>
        {tracks.length === 0 ? (
          <p class="dim">Nothing. Get a mask, then press Follow: it goes with the object.</p>
        ) : (
          <Tracks model={model} tracks={tracks} />
        )}
      </section>
    </div>
  );
}

interface SessionListProps {
  readonly model: StageModel;
  readonly session: Session;
}

function SessionList({ model, session }: SessionListProps): JSX.Element {
  const current = maskOf(session);
  if (!current && session.kept.length === 0)
    return (
      <p class="dim">
        {session.everything.length > 0 ? 'No object of your own.' : 'No mask yet: click an object.'}
      </p>
    );
  return (
    <ul class="list" data-testid="objects">
      {session.kept.map((kept) => {
        const mask = maskOf(kept);
        if (!mask) return null;
        return (
          <li key={mask.id} data-area={mask.area}>
            <Swatch model={model} id={mask.id} />
            <span class="name">{nameOf(mask)}</span>
            <span class="dim">{scoreText(mask.score)}</span>
            <button
              type="button"
              aria-label={`Remove ${nameOf(mask)}`}
              onClick={() => model.discard(mask.id)}
            >
              Remove
            </button>
          </li>
        );
      })}
      {current && (
        <li key={current.id} aria-current="true" data-area={current.area}>
          <Swatch model={model} id={current.id} />
          <span class="name">{nameOf(current)}</span>
          <span class="dim">{scoreText(current.score)}</span>
          <button type="button" aria-label={`Keep ${nameOf(current)}`} onClick={() => void model.keep()}>
            Keep
          </button>
        </li>
      )}
    </ul>
  );
}

/** Everything that was found; chosen here as well as by a click in the picture. */
function Found({ model, session }: SessionListProps): JSX.Element {
  return (
    <section aria-labelledby="found-title">
      <h3 id="found-title">Everything: {session.everything.length} masks</h3>
      <ul class="list found" data-testid="found">
        {session.everything.map((mask) => (
          <li key={mask.id}>
            <label>
              <input
                type="checkbox"
                checked={session.chosen.includes(mask.id)}
                aria-label={`Mask ${mask.id}, score ${scoreText(mask.score)}`}
                onChange={() => model.toggleFound(mask.id)}
              />
              <Swatch model={model} id={mask.id} />
              <span class="name">Mask {mask.id}</span>
              <span class="dim">{scoreText(mask.score)}</span>
            </label>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface TracksProps {
  readonly model: StageModel;
  readonly tracks: readonly TrackShown[];
}

function Tracks({ model, tracks }: TracksProps): JSX.Element {
  const [renamed, rename] = useState<string | null>(null);
  return (
    <>
      <ul class="list" data-testid="tracks">
        {tracks.map((track) => (
          <li key={track.id} data-track={track.id} data-state={track.state}>
            <Swatch model={model} id={track.id} />
            {renamed === track.id ? (
              <Rename model={model} track={track} onDone={() => rename(null)} />
            ) : (
              <>
                <span class="name">{trackName(track)}</span>
                {track.state === 'occluded' && <span class="dim">out of sight</span>}
                <button
                  type="button"
                  aria-label={`Rename ${trackName(track)}`}
                  onClick={() => rename(track.id)}
                >
                  Rename
                </button>
                <button
                  type="button"
                  aria-label={`Stop following ${trackName(track)}`}
                  onClick={() => void model.removeTracks([track.id])}
                >
                  Stop
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {tracks.length > 1 && (
        <button type="button" onClick={() => void model.removeTracks('all')}>
          Stop all
        </button>
      )}
    </>
  );
}

interface RenameProps {
  readonly model: StageModel;
  readonly track: TrackShown;
  readonly onDone: () => void;
}

function Rename({ model, track, onDone }: RenameProps): JSX.Element {
  const [id, setId] = useState(track.id);
  const submit = (event: Event): void => {
    event.preventDefault();
    onDone();
    if (id !== track.id) void model.renameTrack(track.id, id);
  };
  return (
    <form class="rename" onSubmit={submit} onKeyDown={(event) => event.key === 'Escape' && onDone()}>
      <input
        type="text"
        required
        aria-label={`New id of ${track.id}`}
        title="1 to 64 of A-Z a-z 0-9 . _ : -"
        pattern={ID_PATTERN}
        maxLength={64}
        value={id}
        // The person has just asked for it.
        ref={(input) => input?.focus()}
        onInput={(event) => setId(event.currentTarget.value)}
      />
      <button type="submit">Save</button>
    </form>
  );
}

/** Both, where they differ: the label says what it is, the id which one. */
function trackName(track: TrackShown): string {
  const name = nameOf(track);
  return name === track.id ? name : `${name} (${track.id})`;
}

function Swatch({ model, id }: { readonly model: StageModel; readonly id: string }): JSX.Element {
  return <span class="swatch" aria-hidden="true" style={{ background: css(model.colours.one(id)) }} />;
}
