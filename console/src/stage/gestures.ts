import type { Place } from './coordinates.js';

/** What a pointer did on the picture; places are on the screen, relative to the picture. */
export type Gesture =
  /** A press: the picture is to stand still. */
  | { readonly kind: 'press' }
  | { readonly kind: 'point'; readonly at: Place; readonly background: boolean }
  /** While it is drawn. */
  | { readonly kind: 'stretch'; readonly from: Place; readonly to: Place }
  | { readonly kind: 'box'; readonly from: Place; readonly to: Place }
  /** It came to nothing: a second finger, or the browser took over for scrolling or zooming. */
  | { readonly kind: 'cancel' };

/** What of a PointerEvent counts. */
export interface Pointer {
  readonly id: number;
  readonly at: Place;
  readonly type: string;
  readonly button: number;
  readonly shift: boolean;
}

const LONG_PRESS_MS = 500;
/** A hand is never quite still: less is a click, more a box. */
const SLACK_PX: Readonly<Record<string, number>> = { mouse: 4, pen: 8, touch: 12 };
const RIGHT_BUTTON = 2;

/** Reads clicks, long presses and boxes out of one pointer's way. Further pointers make it a pinch, which is not ours. */
export class Gestures {
  readonly #tell: (gesture: Gesture) => void;
  readonly #down = new Set<number>();
  #start: Pointer | null = null;
  #stretched = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (gesture: Gesture) => void) {
    this.#tell = tell;
  }

  down(pointer: Pointer): void {
    this.#down.add(pointer.id);
    if (this.#down.size > 1) {
      this.#cancel();
      return;
    }
    if (pointer.button !== 0 && pointer.button !== RIGHT_BUTTON) return;
    this.#start = pointer;
    this.#stretched = false;
    this.#tell({ kind: 'press' });
    if (pointer.type !== 'mouse') this.#timer = setTimeout(() => this.#pressed(), LONG_PRESS_MS);
  }

  move(pointer: Pointer): void {
    const start = this.#start;
    if (!start || pointer.id !== start.id) return;
    const distance = Math.hypot(pointer.at.x - start.at.x, pointer.at.y - start.at.y);
    if (!this.#stretched && distance <= (SLACK_PX[start.type] ?? 8)) return;
    clearTimeout(this.#timer);
    if (start.button === RIGHT_BUTTON) return;
    this.#stretched = true;
    this.#tell({ kind: 'stretch', from: start.at, to: pointer.at });
  }

  up(pointer: Pointer): void {
    this.#down.delete(pointer.id);
    const start = this.#start;
    if (!start || pointer.id !== start.id) return;
    this.#end();
    if (this.#stretched) this.#tell({ kind: 'box', from: start.at, to: pointer.at });
    else
      this.#tell({
        kind: 'point',
        at: start.at,
        background: start.button === RIGHT_BUTTON || start.shift || pointer.shift,
      });
  }

  cancel(id: number): void {
    this.#down.delete(id);
    if (id === this.#start?.id) this.#cancel();
  }

  close(): void {
    this.#end();
    this.#down.clear();
  }

  #pressed(): void {
    const start = this.#start;
    if (!start) return;
    this.#end();
    this.#tell({ kind: 'point', at: start.at, background: true });
  }

  #cancel(): void {
    if (!this.#start) return;
    this.#end();
    this.#tell({ kind: 'cancel' });
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#start = null;
  }
}
