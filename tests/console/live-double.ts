import type { LiveClient } from '../../console/src/live/client.js';
import type { LiveFrame } from '../../console/src/live/frame.js';
import { INITIAL_STATE, type LiveState } from '../../console/src/live/state.js';
import { createStore } from '../../console/src/state/store.js';
import type { Held, Masks } from '../../src/http/live/protocol.js';

/** The page's end of the WebSocket, as far as the stage uses it, with a node that says of a frame to hold by `answer` why not. */
export function liveDouble(answer: (seq: number) => string | undefined = () => undefined) {
  const state = createStore<LiveState>({ ...INITIAL_STATE, connection: 'open' });
  const said: string[] = [];
  let onFrame: ((frame: LiveFrame) => void | Promise<void>) | null = null;
  let onMasks: ((masks: Masks) => void) | null = null;
  let onLetGo: ((problem: string) => void) | null = null;
  const live: LiveClient = {
    state,
    start: () => undefined,
    close: () => undefined,
    retry: () => undefined,
    watch: (_camera, { maxWidth, maxFps }) => {
      said.push(`watch ${maxWidth} ${maxFps}`);
      return () => said.push('unwatch');
    },
    onFrame: (_camera, listener) => {
      onFrame = listener;
      return () => undefined;
    },
    onMasks: (_camera, listener) => {
      onMasks = listener;
      return () => undefined;
    },
    onLetGo: (_camera, listener) => {
      onLetGo = listener;
      return () => undefined;
    },
    hold: (camera, seq): Promise<Held> => {
      said.push(`hold ${seq}`);
      const problem = answer(seq);
      return Promise.resolve({ type: 'held', camera, seq, ...(problem === undefined ? {} : { problem }) });
    },
    release: () => said.push('release'),
  };
  return {
    live,
    said,
    state,
    masks: (masks: Masks) => onMasks?.(masks),
    letGo: (problem: string) => onLetGo?.(problem),
    frame: async (seq: number) => {
      const header = { camera: 'front', seq, timestamp: seq, width: 64, height: 48 };
      await onFrame?.({ header, jpeg: new Blob() });
    },
  };
}
