import type { Masks } from '../../../src/http/live/protocol.js';
import type { MaskItem } from '../../../src/masks/types.js';
import { listTracks } from '../api/cameras.js';
import type { LiveClient } from '../live/client.js';
import { ColourBook } from '../masks/colours.js';
import { contains } from '../masks/rle.js';
import { createStore } from '../state/store.js';
import { Asking, BEGIN_FIRST, type EverythingChoice } from './asking.js';
import { boxOf, type Place, pixelAt } from './coordinates.js';
import { Feed } from './feed.js';
import {
  addStep,
  beginSession,
  canUndo,
  choose,
  discard,
  isChoosing,
  keep,
  maskOf,
  relabel,
  type Session,
  type Step,
  toggleChosen,
  undo,
} from './session.js';
import { createStageStore, idsOf } from './state.js';
import { followed, tracksOf } from './tracks.js';
import { type Note, nameOf } from './words.js';

/** What a person does with one camera's picture; knows no element of the page. */
export class StageModel {
  readonly camera: string;
  readonly state = createStageStore();
  /** Whether a picture has come. */
  readonly hasPicture = createStore(false);
  readonly feed: Feed;
  /** Of the masks in the picture, and in the lists beside it. */
  readonly colours = new ColourBook();
  readonly #asking: Asking;

  constructor(live: LiveClient, camera: string) {
    this.camera = camera;
    this.feed = new Feed(live, camera, {
      onMasks: (masks) => this.#masked(masks),
      onFrame: () => this.hasPicture.set(true),
      onLetGo: (text) => this.say({ kind: 'error', text, remedy: 'Press Live to go on.' }),
      onHeldInstead: (frame) => {
        this.#change((session) => ({ ...session, frame }));
        this.say({ kind: 'hint', text: 'The picture had moved on by a moment: this is the newest one.' });
      },
    });
    this.#asking = new Asking({ camera, state: this.state, held: () => this.feed.held() });
  }

  start(): void {
    this.feed.start();
    void listTracks(this.camera).then(
      (tracks) => this.state.change({ tracks: tracks.map(followed) }),
      // The page says by itself that there is no connection; tracks come with the next masks as well.
      () => undefined,
    );
  }

  close(): void {
    this.live();
    this.feed.close();
  }

  /** Holds the picture that is shown. False while there is none. */
  hold(): boolean {
    if (this.state.get().session) return true;
    const frame = this.feed.hold();
    if (!frame) return false;
    const { label, tracks } = this.state.get();
    const session = relabel(beginSession(frame, idsOf(tracks)), label);
    this.state.change({ session, label: '', note: null });
    return true;
  }

  /** Back to the moving picture; what was not followed is gone. */
  live(): void {
    this.#asking.forget();
    if (!this.state.get().session) return;
    this.feed.release();
    this.state.change({ session: null, busy: null, note: null, background: false });
  }

  /** A press that came to nothing: if nothing was begun the picture goes on. */
  unpress(): void {
    const { session, busy } = this.state.get();
    if (session && !canUndo(session) && session.everything.length === 0 && !busy) this.live();
  }

  /** Frame pixels. With `background`, or its switch, what is there does not belong to the object. */
  point(at: Place, background: boolean): void {
    if (!this.hold()) return;
    const { session, background: isBackground } = this.state.get();
    if (!session) return;
    if (isChoosing(session) && !background) {
      const found = this.foundAt(at);
      if (found) this.toggleFound(found.id);
      return;
    }
    const { x, y } = pixelAt(at, session.frame);
    this.#step({ kind: 'point', x, y, label: background || isBackground ? 0 : 1 });
  }

  /** Corners in frame pixels. */
  box(a: Place, b: Place): void {
    const box = boxOf(a, b);
    if (box && this.hold()) this.#step({ kind: 'box', box });
    else this.unpress();
  }

  undo(): void {
    const { session } = this.state.get();
    if (!session || !canUndo(session)) return;
    const before = undo(session);
    this.state.change({ session: before, note: null });
    // An object that is taken up again has its mask still.
    if (before.draft.id === session.draft.id && before.draft.steps.length > 0) this.#asking.object();
  }

  /** With the mask of all points so far: one that is on its way is waited for. */
  async keep(): Promise<void> {
    const begun = this.state.get().session?.draft.id;
    await this.#asking.settled();
    const { session, tracks } = this.state.get();
    // It was given up, or kept, meanwhile.
    if (session?.draft.id !== begun) return;
    const mask = session && maskOf(session);
    if (!session || !mask) {
      this.say(BEGIN_FIRST);
      return;
    }
    const note: Note = { kind: 'result', text: `${nameOf(mask)} is kept; click the next object` };
    this.state.change({ session: keep(session, idsOf(tracks)), background: false, note });
  }

  discard(id: string): void {
    this.#change((session) => discard(session, id));
  }

  choose(index: number): void {
    this.#change((session) => choose(session, index));
  }

  toggleFound(id: string): void {
    this.#change((session) => toggleChosen(session, id));
  }

  setLabel(label: string): void {
    if (this.state.get().session) this.#change((session) => relabel(session, label));
    else this.state.change({ label });
  }

  setBackground(background: boolean): void {
    this.state.change({ background });
  }

  setMultimask(multimask: boolean): void {
    this.state.change({ multimask });
    this.#asking.object();
  }

  say(note: Note | null): void {
    this.state.change({ note });
  }

  /** Starts to follow the objects of the held picture, then goes live. */
  async follow(): Promise<void> {
    if (!(await this.#asking.follow())) return;
    const { note } = this.state.get();
    this.live();
    this.say(note);
  }

  /** All masks of the picture that is shown, which is held for it. */
  async everything(choice: EverythingChoice): Promise<void> {
    if (this.hold()) await this.#asking.everything(choice);
  }

  /** Waits for everything no longer. */
  stopEverything(): void {
    this.#asking.stopEverything();
    this.unpress();
  }

  renameTrack(id: string, to: string): Promise<void> {
    return this.#asking.tracks({ rename: { [id]: to } });
  }

  removeTracks(ids: readonly string[] | 'all'): Promise<void> {
    return this.#asking.tracks({ remove: ids });
  }

  /** What is under a place of the held picture: of everything that was found the smallest mask. */
  foundAt({ x, y }: Place): MaskItem | null {
    const { session } = this.state.get();
    const under = (session?.everything ?? []).filter(
      ({ box, rle }) =>
        box && rle && x >= box[0] && y >= box[1] && x < box[2] && y < box[3] && contains(rle, x, y),
    );
    return under.reduce<MaskItem | null>(
      (best, mask) => (best && best.area <= mask.area ? best : mask),
      null,
    );
  }

  #step(step: Step): void {
    this.#change((session) => addStep(session, step));
    this.#asking.object();
  }

  #masked(masks: Masks): void {
    const { tracks, session } = this.state.get();
    const { now, ended } = tracksOf(tracks, (id) => this.#asking.hasBegun(id), masks);
    if (now !== tracks) this.state.change({ tracks: now });
    if (ended !== null && !session) this.say({ kind: 'result', text: ended });
  }

  #change(change: (session: Session) => Session): void {
    const { session } = this.state.get();
    if (session) this.state.change({ session: change(session) });
  }
}
