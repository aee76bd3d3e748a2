import type { Place } from './coordinates.js';
import { actionOf, type KeyAction } from './keys.js';
import type { StageModel } from './model.js';
import type { Screen } from './screen.js';

/** Layout pixels that an arrow key moves the crosshair by. */
const STEP_PX = 12;

export interface KeyboardOptions {
  readonly model: StageModel;
  readonly screen: Screen;
  /** What takes the letters while nothing else has the focus. */
  readonly stage: HTMLElement;
  readonly picture: HTMLElement;
  readonly onEverything: () => void;
  readonly onDownload: () => void;
}

/** The keys of keys.ts, while the stage or nothing has the focus. Undone by the returned function. */
export function listenToKeys(options: KeyboardOptions): () => void {
  const commands = commandsOf(options);
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || !isOurs(event, options.stage)) return;
    const action = actionOf(event, event.target === options.picture);
    if (!action) return;
    event.preventDefault();
    if (action.do === 'move')
      move(options.screen, action, action.fine ? 1 : STEP_PX * options.screen.framePixels);
    else if (action.do === 'point') pointAt(options, action.background);
    else commands[action.do]();
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function commandsOf(
  options: KeyboardOptions,
): Record<Exclude<KeyAction['do'], 'move' | 'point'>, () => void> {
  const { model, screen } = options;
  return {
    box: () => corner(options),
    undo: () => model.undo(),
    keep: () => void model.keep(),
    follow: () => void model.follow(),
    everything: options.onEverything,
    live: () => {
      screen.point({ stretch: null, crosshair: null });
      model.live();
    },
    background: () => model.setBackground(!model.state.get().background),
    candidates: () => model.setMultimask(!model.state.get().multimask),
    download: options.onDownload,
  };
}

/** Not while a text is written or a dialog is open. */
function isOurs({ target }: KeyboardEvent, stage: HTMLElement): boolean {
  if (!(target instanceof Element) || document.querySelector('dialog[open]')) return false;
  if (target.closest('input:not([type=radio]):not([type=checkbox]), select, textarea')) return false;
  return target === document.body || stage.contains(target);
}

function crosshairOf({ pointing, frame }: Screen): Place {
  return pointing.crosshair ?? { x: frame.width / 2, y: frame.height / 2 };
}

function move(screen: Screen, { dx, dy }: { readonly dx: number; readonly dy: number }, by: number): void {
  const { x, y } = crosshairOf(screen);
  const { width, height } = screen.frame;
  const crosshair = {
    x: Math.min(width, Math.max(0, x + dx * by)),
    y: Math.min(height, Math.max(0, y + dy * by)),
  };
  const { stretch } = screen.pointing;
  screen.point({ crosshair, stretch: stretch && [stretch[0], crosshair] });
}

function pointAt({ model, screen }: KeyboardOptions, background: boolean): void {
  // Enter ends a box that was begun.
  if (screen.pointing.stretch) {
    corner({ model, screen });
    return;
  }
  const crosshair = crosshairOf(screen);
  model.point(crosshair, background);
  screen.point({ stretch: null, crosshair });
}

/** The first corner of a box, then the second. The picture stands still meanwhile. */
function corner({ model, screen }: Pick<KeyboardOptions, 'model' | 'screen'>): void {
  const crosshair = crosshairOf(screen);
  const { stretch } = screen.pointing;
  if (stretch) model.box(stretch[0], crosshair);
  else if (!model.hold()) return;
  screen.point({ crosshair, stretch: stretch ? null : [crosshair, crosshair] });
}
