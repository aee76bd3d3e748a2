import type { ComponentChildren, JSX } from 'preact';
import type { LiveClient } from '../live/client.js';
import { useStore } from '../state/store.js';

export interface ShellProps {
  readonly live: LiveClient;
  /** That the stage shows. */
  readonly camera: string | null;
  readonly onCamera: (name: string) => void;
  /** What the side panel shows of the stage: the objects that were asked for and those that are followed. */
  readonly objects?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** What is around the stage: which node this is, and its cameras. */
export function Shell({ live, camera, onCamera, objects, children }: ShellProps): JSX.Element {
  const hello = useStore(live.state, (state) => state.hello);
  const connection = useStore(live.state, (state) => state.connection);
  return (
    <>
      <header>
        <h1>Samwire {hello?.node}</h1>
        <p role="status">{connection}</p>
        <nav aria-label="Cameras">
          {hello?.cameras.map((name) => (
            <button type="button" key={name} aria-pressed={name === camera} onClick={() => onCamera(name)}>
              {name}
            </button>
          ))}
        </nav>
      </header>
      <main>{children}</main>
      <aside>{objects}</aside>
    </>
  );
}
