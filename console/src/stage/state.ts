import { createStore, type Store } from '../state/store.js';
import type { Session } from './session.js';
import type { TrackShown } from './tracks.js';
import type { Note } from './words.js';

/** What the node is at work with for this page. */
export interface Busy {
  readonly what: 'prompt' | 'everything' | 'follow';
  /** Ms since the Unix epoch. */
  readonly since: number;
}

export interface StageState {
  /** The held picture and what is asked for on it; null: the picture is live. */
  readonly session: Session | null;
  /** Of the next object, while the picture is live. */
  readonly label: string;
  readonly multimask: boolean;
  /** Clicks say what is not the object. */
  readonly background: boolean;
  readonly busy: Busy | null;
  readonly note: Note | null;
  readonly tracks: readonly TrackShown[];
}

export interface StageStore extends Store<StageState> {
  change(part: Partial<StageState>): void;
}

export function createStageStore(): StageStore {
  const store = createStore<StageState>({
    session: null,
    label: '',
    multimask: false,
    background: false,
    busy: null,
    note: null,
    tracks: [],
  });
  return { ...store, change: (part) => store.set({ ...store.get(), ...part }) };
}

export function idsOf(tracks: readonly TrackShown[]): string[] {
  return tracks.map(({ id }) => id);
}
