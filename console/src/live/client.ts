import type { ErrorNews, Held, Masks, ServerMessage } from '../../../src/http/live/protocol.js';
import { createStore, type Store } from '../state/store.js';
import { type Connection, connect } from './connection.js';
import { type LiveFrame, parseFrame } from './frame.js';
import { heard, INITIAL_STATE, type LiveState, MAX_ERRORS } from './state.js';
import { createWatches, type View } from './watches.js';

/** Resolves when the frame is drawn, or will not be: the node then sends the next. */
export type FrameListener = (frame: LiveFrame) => void | Promise<void>;
export type MasksListener = (masks: Masks) => void;

/** The page's end of `/api/live`. Everything that returns a function is undone by calling it. */
export interface LiveClient {
  readonly state: Store<LiveState>;
  start(): void;
  close(): void;
  /** Tries a lost or refused connection at once: after a login. */
  retry(): void;
  /** Asks for a camera's frames and masks; of several who ask, the largest picture and the highest rate count. */
  watch(camera: string, view: View): () => void;
  onFrame(camera: string, listener: FrameListener): () => void;
  onMasks(camera: string, listener: MasksListener): () => void;
  /** Keeps a frame on the node until `release`; rejects when the answer does not come. */
  hold(camera: string, seq: number): Promise<Held>;
  release(camera: string): void;
  /** Hears why a held frame is not held any more, without having been released. */
  onLetGo(camera: string, listener: (problem: string) => void): () => void;
}

const HELD_TIMEOUT_MS = 5000;
/** A sender may do hundreds of things wrong in a second: the page draws them together. */
const ERRORS_PAUSE_MS = 250;

export function createLiveClient(): LiveClient {
  const state = createStore<LiveState>(INITIAL_STATE);
  const frames = new Listeners<LiveFrame, void | Promise<void>>();
  const masks = new Listeners<Masks, void>();
  const letGo = new Listeners<string, void>();
  const holding = new Map<string, (held: Held) => void>();
  let connection: Connection | null = null;
  let cameras: readonly string[] = [];
  // Who looks at another tab has no use for pictures: the node is spared making them. One that the node has not, or no
  // more, would end the connection.
  const watches = createWatches(
    (wanted) => connection?.send({ type: 'watch', cameras: wanted }),
    (name) => !document.hidden && cameras.includes(name),
  );
  const onVisibility = (): void => watches.tell();

  const news = together((errors: readonly ErrorNews[]) => state.set(errors.reduce(heard, state.get())));
  const onFrame = (frame: LiveFrame): void => {
    const { camera, seq } = frame.header;
    void Promise.allSettled(frames.tell(camera, frame)).then(() =>
      connection?.send({ type: 'seen', camera, seq }),
    );
  };
  const onHeld = (held: Held): void => {
    const answered = holding.get(keyOf(held.camera, held.seq));
    if (answered) answered(held);
    else if (held.problem !== undefined) letGo.tell(held.camera, held.problem);
  };
  const onText = (text: string): void => {
    const message = JSON.parse(text) as ServerMessage;
    if (message.type === 'error') news.add(message);
    else state.set(heard(state.get(), message));
    if (message.type === 'hello') {
      cameras = message.cameras;
      watches.tell();
    }
    if (message.type === 'masks') masks.tell(message.camera, message);
    if (message.type === 'held') onHeld(message);
  };
  return {
    state,
    start: () => {
      document.addEventListener('visibilitychange', onVisibility);
      connection ??= connect({
        onOpen: () => {
          cameras = [];
        },
        onMessage: (data) => {
          if (typeof data === 'string') return onText(data);
          const frame = parseFrame(data);
          if (frame) onFrame(frame);
        },
        onState: (to, retryAt, problem) => state.set({ ...state.get(), connection: to, retryAt, problem }),
      });
    },
    close: () => {
      document.removeEventListener('visibilitychange', onVisibility);
      connection?.close();
      connection = null;
    },
    retry: () => connection?.retry(),
    watch: (camera, view) => watches.add(camera, view),
    onFrame: (camera, listener) => frames.add(camera, listener),
    onMasks: (camera, listener) => masks.add(camera, listener),
    hold: (camera, seq) =>
      new Promise((resolve, reject) => {
        if (state.get().connection !== 'open') {
          reject(new Error('The node can not be reached.'));
          return;
        }
        const key = keyOf(camera, seq);
        const timer = setTimeout(() => {
          holding.delete(key);
          reject(new Error('The node did not answer in time.'));
        }, HELD_TIMEOUT_MS);
        holding.set(key, (held) => {
          clearTimeout(timer);
          holding.delete(key);
          resolve(held);
        });
        connection?.send({ type: 'hold', camera, seq });
      }),
    release: (camera) => connection?.send({ type: 'release', camera }),
    onLetGo: (camera, listener) => letGo.add(camera, listener),
  };
}

/** Hands on what came within a pause at once, the newest {@link MAX_ERRORS} of it. */
function together<T>(take: (values: readonly T[]) => void): { add(value: T): void } {
  let waiting: readonly T[] = [];
  return {
    add: (value) => {
      if (waiting.length === 0)
        setTimeout(() => {
          const taken = waiting;
          waiting = [];
          take(taken);
        }, ERRORS_PAUSE_MS);
      waiting = [...waiting, value].slice(-MAX_ERRORS);
    },
  };
}

const keyOf = (camera: string, seq: number): string => `${seq} ${camera}`;

/** Who wants to hear of a camera. */
class Listeners<T, R> {
  readonly #byCamera = new Map<string, Set<(value: T) => R>>();

  add(camera: string, listener: (value: T) => R): () => void {
    const listeners = this.#byCamera.get(camera) ?? new Set();
    this.#byCamera.set(camera, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  tell(camera: string, value: T): R[] {
    return [...(this.#byCamera.get(camera) ?? [])].map((listener) => listener(value));
  }
}
