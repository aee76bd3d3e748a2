/** What the keyboard does while the stage, or nothing, has the focus. */
export type KeyAction =
  | { readonly do: 'move'; readonly dx: -1 | 0 | 1; readonly dy: -1 | 0 | 1; readonly fine: boolean }
  | { readonly do: 'point'; readonly background: boolean }
  | {
      readonly do:
        | 'box'
        | 'undo'
        | 'keep'
        | 'follow'
        | 'everything'
        | 'live'
        | 'background'
        | 'candidates'
        | 'download';
    };

/** What of a KeyboardEvent counts. */
export interface Key {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

const ARROWS: Readonly<Record<string, readonly [dx: -1 | 0 | 1, dy: -1 | 0 | 1]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const LETTERS: Readonly<
  Record<string, 'box' | 'undo' | 'keep' | 'follow' | 'everything' | 'background' | 'candidates' | 'download'>
> = {
  b: 'box',
  u: 'undo',
  k: 'keep',
  t: 'follow',
  e: 'everything',
  g: 'background',
  c: 'candidates',
  d: 'download',
};

/**
 * Null: the key is not ours. `onPicture`: the picture itself has the focus, not a button of the stage, where Enter and
 * the space bar press the button.
 */
export function actionOf(key: Key, onPicture: boolean): KeyAction | null {
  const letter = key.key.length === 1 ? key.key.toLowerCase() : key.key;
  if ((key.ctrlKey || key.metaKey) && !key.altKey)
    return letter === 'z' && !key.shiftKey ? { do: 'undo' } : null;
  if (key.altKey || key.metaKey) return null;
  if (letter === 'Escape') return { do: 'live' };
  if (onPicture) {
    const arrow = ARROWS[letter];
    if (arrow) return { do: 'move', dx: arrow[0], dy: arrow[1], fine: key.shiftKey };
    if (letter === 'Enter' || letter === ' ') return { do: 'point', background: key.shiftKey };
  }
  const action = LETTERS[letter];
  return action ? { do: action } : null;
}

/** For the page's help, which the shell opens by its button and by `?`. */
export const KEYS_HELP: readonly (readonly [keys: string, does: string])[] = [
  ['Click · Enter', 'a point on the object'],
  ['Shift + click · right click · long press · Shift + Enter', 'a point that is not the object (background)'],
  ['Drag · B at two corners', 'a box round the object'],
  ['Arrow keys', 'move the crosshair; with Shift one pixel at a time'],
  ['U · Ctrl + Z', 'undo the last point or box'],
  ['G', 'background: clicks say what is not the object'],
  ['C', 'three candidates to choose from'],
  ['K', 'keep this mask and begin the next object'],
  ['T', 'follow the objects over the frames that come'],
  ['E', 'everything: all masks of the picture'],
  ['D', 'download masks as PNG'],
  ['Esc', 'back to the live picture'],
];
