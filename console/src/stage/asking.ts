import {
  askEverything,
  askPrompt,
  changeTracks,
  type EverythingBody,
  sorted,
  type TracksBody,
} from '../api/cameras.js';
import { LatestOnly } from './latest.js';
import { draftMessage, followMessage, isAskable } from './prompt.js';
import { answered, foundEverything, goesOn, maskOf, type Session } from './session.js';
import type { Busy, StageStore } from './state.js';
import { followed } from './tracks.js';
import { answerNote, errorNote, everythingNote, failedNote, followNote, type Note, nameOf } from './words.js';

export type EverythingChoice = Pick<EverythingBody, 'strategy' | 'grid'>;

const EVERYTHING_MAX_AGE_MS = 120_000;
export const BEGIN_FIRST: Note = { kind: 'hint', text: 'Click an object in the picture first.' };
const ONLY_BACKGROUND: Note = {
  kind: 'hint',
  text: 'Now click the object itself: this point says what does not belong to it.',
};
const NOTHING_FOLLOWED: Note = {
  kind: 'error',
  text: 'There is nothing to follow.',
  remedy: 'Choose a mask that is not empty.',
};

export interface AskingOptions {
  readonly camera: string;
  readonly state: StageStore;
  /** Resolves when the node holds the frame of the session. */
  readonly held: () => Promise<void>;
}

/** What the node is asked about a held picture. Answers and errors go to the state, as long as they still concern it. */
export class Asking {
  readonly #options: AskingOptions;
  readonly #prompts = new LatestOnly();
  /** Ids of the tracks that this page began. */
  readonly #begun = new Set<string>();
  #everything: AbortController | null = null;

  constructor(options: AskingOptions) {
    this.#options = options;
  }

  hasBegun(track: string): boolean {
    return this.#begun.has(track);
  }

  /** Resolves when the object under work is answered as it is now, or the answer could not be had. */
  settled(): Promise<void> {
    return this.#prompts.idle();
  }

  /** Nobody waits for the answers any more. */
  forget(): void {
    this.#prompts.clear();
    this.stopEverything();
  }

  stopEverything(): void {
    this.#everything?.abort();
    this.#everything = null;
    this.#end('everything');
  }

  /** Asks for the object under work as it is now; while an answer is awaited, as it is then. */
  object(): void {
    const { state } = this.#options;
    this.#prompts.run(async () => {
      const { session } = state.get();
      if (!session || session.draft.steps.length === 0) return;
      if (!isAskable(session.draft)) {
        state.change({ note: ONLY_BACKGROUND, session: { ...session, answer: null } });
        return;
      }
      this.#begin('prompt');
      try {
        await this.#options.held();
        await this.#answer(session.draft.id);
      } catch (error) {
        if (this.#underWork(session.draft.id)) state.change({ note: errorNote(error) });
      }
      this.#end('prompt');
    });
  }

  /** @returns whether objects are followed now. */
  async follow(): Promise<boolean> {
    const { camera, state, held } = this.#options;
    const { session, busy } = state.get();
    if (busy?.what === 'follow') return false;
    if (!session || !followMessage(session)) {
      state.change({ note: BEGIN_FIRST });
      return false;
    }
    this.#begin('follow');
    try {
      await held();
      const message = followMessage(state.get().session ?? session);
      if (!message) return false;
      const { found, failed } = sorted(await askPrompt(camera, message));
      const now = found.filter(({ track }) => track);
      const names = now.map(nameOf);
      const [problem] = failed;
      state.change({
        note: problem ? failedNote(problem) : names.length > 0 ? followNote(names) : NOTHING_FOLLOWED,
      });
      for (const { id } of now) this.#begun.add(id);
      // The next masks message of the tracks says the same.
      const before = state.get().tracks.filter(({ id }) => !now.some((track) => track.id === id));
      state.change({
        tracks: [...before, ...now.map(({ id, label }) => followed({ id, label, state: 'tracked' }))],
      });
      return names.length > 0;
    } catch (error) {
      state.change({ note: errorNote(error) });
      return false;
    } finally {
      this.#end('follow');
    }
  }

  /** All masks of the held picture. */
  async everything(choice: EverythingChoice): Promise<void> {
    if (this.#everything) return;
    const { camera, state, held } = this.#options;
    const run = new AbortController();
    this.#everything = run;
    this.#begin('everything');
    state.change({ note: null });
    try {
      await held();
      const asked = state.get().session;
      if (!asked || this.#everything !== run) return;
      const frame = { seq: asked.frame.seq };
      const body = { ...choice, frame, encodings: ['rle'] as const, maxAgeMs: EVERYTHING_MAX_AGE_MS };
      const { found } = sorted(await askEverything(camera, body, run.signal));
      const { session } = state.get();
      if (session && this.#everything === run)
        state.change({ session: foundEverything(session, found), note: everythingNote(found.length) });
    } catch (error) {
      if (!run.signal.aborted) state.change({ note: errorNote(error) });
    } finally {
      if (this.#everything === run) this.#everything = null;
      this.#end('everything');
    }
  }

  async tracks(body: TracksBody): Promise<void> {
    const { camera, state } = this.#options;
    try {
      const tracks = await changeTracks(camera, body);
      if ('rename' in body)
        for (const [id, to] of Object.entries(body.rename)) if (this.#begun.delete(id)) this.#begun.add(to);
      state.change({ tracks: tracks.map(followed), note: null });
    } catch (error) {
      state.change({ note: errorNote(error) });
    }
  }

  async #answer(id: string): Promise<void> {
    const { camera, state } = this.#options;
    const asked = this.#underWork(id);
    if (!asked) return;
    const { found, failed } = sorted(await askPrompt(camera, draftMessage(asked, state.get().multimask)));
    const session = this.#underWork(id);
    if (session?.frame.seq !== asked.frame.seq || !goesOn(asked.draft, session.draft)) return;
    const next = answered(session, found);
    const [problem] = failed;
    const name = session.draft.label.trim() || id;
    state.change({
      session: next,
      note: problem ? failedNote(problem) : answerNote(name, found, maskOf(next)),
    });
  }

  /** The session, if the object is still the one under work, with something left to ask for. */
  #underWork(id: string): Session | null {
    const { session } = this.#options.state.get();
    return session?.draft.id === id && session.draft.steps.length > 0 ? session : null;
  }

  #begin(what: Busy['what']): void {
    this.#options.state.change({ busy: { what, since: Date.now() } });
  }

  #end(what: Busy['what']): void {
    const { state } = this.#options;
    if (state.get().busy?.what === what) state.change({ busy: null });
  }
}
