import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { LiveClient } from '../live/client.js';
import { useStore } from '../state/store.js';
import { Candidates } from './candidates.js';
import { download } from './downloads.js';
import { hint } from './hints.js';
import { listenToKeys } from './keyboard.js';
import { StageModel } from './model.js';
import { NoteLine } from './note-line.js';
import { Picture } from './picture.js';
import type { Screen } from './screen.js';
import { EVERYTHING_WAYS, Toolbar } from './toolbar.js';
import './stage.css';

/** The model of a camera's stage, for as long as the camera is chosen. */
export function useStage(live: LiveClient, camera: string | null): StageModel | null {
  const model = useMemo(() => (camera === null ? null : new StageModel(live, camera)), [live, camera]);
  useEffect(() => {
    model?.start();
    return () => model?.close();
  }, [model]);
  return model;
}

/** The camera's picture, what it says, and what can be done with it. */
export function Stage({ model }: { readonly model: StageModel }): JSX.Element {
  const root = useRef<HTMLElement>(null);
  const [way, setWay] = useState(0);
  const chosenWay = useRef(way);
  chosenWay.current = way;
  const onScreen = (screen: Screen, picture: HTMLElement): (() => void) => {
    const stage = root.current ?? picture;
    return listenToKeys({
      model,
      screen,
      stage,
      picture,
      onEverything: () => void model.everything(EVERYTHING_WAYS[chosenWay.current]?.choice ?? {}),
      onDownload: () => void download(model, 'png'),
    });
  };
  return (
    <section class="view" ref={root} aria-label={`Camera ${model.camera}`}>
      <Hint model={model} />
      <Picture model={model} describedBy="stage-hint stage-keys" onScreen={onScreen} />
      <p id="stage-keys" class="unseen">
        Arrow keys move a crosshair, Enter sets a point, Shift and Enter a background point, B the corners of
        a box. Press question mark for all keys.
      </p>
      <NoteLine model={model} />
      <Candidates model={model} />
      <Toolbar model={model} way={way} onWay={setWay} />
    </section>
  );
}

function Hint({ model }: { readonly model: StageModel }): JSX.Element {
  const { session, background } = useStore(model.state, (state) => state);
  const hasPicture = useStore(model.hasPicture, (has) => has);
  const touch = matchMedia('(pointer: coarse)').matches;
  return (
    <p id="stage-hint" class="hint" data-testid="hint">
      {hint({ session, hasPicture, background, touch })}
    </p>
  );
}
