import type { Watch } from '../../../src/http/live/protocol.js';

/** How large and how often someone on the page shows a camera. */
export interface View {
  /** Device pixels. */
  readonly maxWidth: number;
  readonly maxFps: number;
}

export interface Watches {
  /** Until the returned function is called. */
  add(camera: string, view: View): () => void;
  /** Says it again, over a new connection. */
  tell(): void;
}

/**
 * The cameras that the page looks at, told when they change: once for all changes of one turn of the event loop.
 * @param askFor Whether pictures of a camera are asked for now, though someone wants them; who knows that it has changed
 *   calls `tell`.
 */
export function createWatches(
  send: (cameras: Watch['cameras']) => void,
  askFor: (camera: string) => boolean = () => true,
): Watches {
  const wanted = new Set<{ readonly camera: string; readonly view: View }>();
  let told = '';
  let pending = false;
  const tell = (always: boolean): void => {
    const cameras = merged([...wanted].filter(({ camera }) => askFor(camera)));
    const text = JSON.stringify(cameras);
    if (!always && text === told) return;
    told = text;
    send(cameras);
  };
  const soon = (): void => {
    if (pending) return;
    pending = true;
    queueMicrotask(() => {
      pending = false;
      tell(false);
    });
  };
  return {
    add: (camera, view) => {
      const entry = { camera, view };
      wanted.add(entry);
      soon();
      return () => {
        wanted.delete(entry);
        soon();
      };
    },
    tell: () => tell(true),
  };
}

function merged(wanted: readonly { readonly camera: string; readonly view: View }[]): Watch['cameras'] {
  const cameras = new Map<string, View>();
  for (const { camera, view } of wanted) {
    const before = cameras.get(camera) ?? { maxWidth: 0, maxFps: 0 };
    cameras.set(camera, {
      maxWidth: Math.max(before.maxWidth, Math.round(view.maxWidth)),
      maxFps: Math.max(before.maxFps, view.maxFps),
    });
  }
  return [...cameras].map(([name, view]) => ({ name, ...view }));
}
