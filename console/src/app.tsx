import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LiveClient } from './live/client.js';
import { Shell } from './shell/shell.js';
import { Objects } from './stage/objects.js';
import { Stage, useStage } from './stage/stage.js';
import { useStore } from './state/store.js';

/** The page: the shell around, the stage in it. Nothing chosen is the first camera. */
export function App({ live }: { readonly live: LiveClient }): JSX.Element {
  const [chosen, setChosen] = useState(cameraOfAddress);
  const choose = (name: string): void => {
    history.replaceState(null, '', `#${name}`);
    setChosen(name);
  };
  const cameras = useStore(live.state, ({ hello }) => hello?.cameras) ?? [];
  const camera = chosen !== null && cameras.includes(chosen) ? chosen : (cameras[0] ?? null);
  const stage = useStage(live, camera);
  return (
    <Shell
      live={live}
      camera={camera}
      onCamera={choose}
      objects={stage && <Objects key={stage.camera} model={stage} />}
    >
      {stage && <Stage key={stage.camera} model={stage} />}
    </Shell>
  );
}

/** The chosen camera stands in the address, so that it is the same after a reload, and in a bookmark. */
function cameraOfAddress(): string | null {
  return location.hash === '' ? null : location.hash.slice(1);
}
