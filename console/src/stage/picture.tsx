import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { StageModel } from './model.js';
import { Screen } from './screen.js';

export interface PictureProps {
  readonly model: StageModel;
  /** Ids of what says how to use it. */
  readonly describedBy: string;
  /** With the picture's element while it is there. */
  readonly onScreen: (screen: Screen, picture: HTMLElement) => () => void;
}

/** The camera's picture. What it shows stands in its attributes: `data-camera`, `-seq`, `-state`, `-masks`, `-width`, `-height`. */
export function Picture({ model, describedBy, onScreen }: PictureProps): JSX.Element {
  const room = useRef<HTMLDivElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const told = useRef(onScreen);
  told.current = onScreen;
  useLayoutEffect(() => {
    if (!room.current || !picture.current || !canvas.current) return undefined;
    const elements = { room: room.current, picture: picture.current, canvas: canvas.current };
    const screen = new Screen(model, elements);
    screen.start();
    const stop = told.current(screen, elements.picture);
    return () => {
      stop();
      screen.close();
    };
  }, [model]);
  return (
    <div class="room" ref={room}>
      <div
        class="picture"
        ref={picture}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys: the crosshair's.
        tabIndex={0}
        aria-label={`Picture of camera ${model.camera}`}
        aria-roledescription="picture to click"
        aria-describedby={describedBy}
        data-testid="picture"
        data-camera={model.camera}
        data-state="live"
        data-masks="0"
      >
        <canvas ref={canvas} />
      </div>
    </div>
  );
}
