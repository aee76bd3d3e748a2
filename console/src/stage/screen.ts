import type { MaskItem } from '../../../src/masks/types.js';
import { fitted, type Place, type Size, toFrame } from './coordinates.js';
import { Gestures, type Pointer } from './gestures.js';
import type { StageModel } from './model.js';
import { type Pointing, Scene } from './scene.js';
import { isChoosing } from './session.js';

/** Canvas pixels across; a larger picture costs more than it shows. */
const MAX_WIDTH = 1920;
/** Until the first frame tells. */
const USUAL_SHAPE: Size = { width: 16, height: 9 };
/** After the last change of size. */
const SETTLED_MS = 150;

export interface ScreenElements {
  /** Has the room that the picture may take. */
  readonly room: HTMLElement;
  /** Just as large as the picture: takes pointers and keys, and says as attributes what is shown. */
  readonly picture: HTMLElement;
  readonly canvas: HTMLCanvasElement;
}

/** The picture on the screen: as large as there is room, drawn when something is new, and what a pointer does on it. */
export class Screen {
  readonly #model: StageModel;
  readonly #elements: ScreenElements;
  readonly #scene: Scene;
  readonly #gestures: Gestures;
  readonly #stops: (() => void)[] = [];
  #shape: Size = USUAL_SHAPE;
  #shown: Size = { width: 1, height: 1 };
  #density = 1;
  #dirty = true;
  #drawn: readonly unknown[] = [];
  #pointing: Pointing = { stretch: null, crosshair: null };
  #hovered: MaskItem | null = null;
  #request = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(model: StageModel, elements: ScreenElements) {
    this.#model = model;
    this.#elements = elements;
    this.#scene = new Scene(model.colours);
    this.#gestures = new Gestures((gesture) => {
      if (gesture.kind === 'press') model.hold();
      else if (gesture.kind === 'point') model.point(this.#frame(gesture.at), gesture.background);
      else if (gesture.kind === 'box') model.box(this.#frame(gesture.from), this.#frame(gesture.to));
      else if (gesture.kind === 'cancel') model.unpress();
      const stretch =
        gesture.kind === 'stretch' ? ([this.#frame(gesture.from), this.#frame(gesture.to)] as const) : null;
      this.point({ stretch, crosshair: null });
    });
  }

  start(): void {
    const { room, picture } = this.#elements;
    const sizes = new ResizeObserver(() => this.#resize());
    sizes.observe(room);
    const listen = <K extends keyof HTMLElementEventMap>(
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void => {
      picture.addEventListener(type, listener);
      this.#stops.push(() => picture.removeEventListener(type, listener));
    };
    listen('pointerdown', (event) => this.#down(event));
    listen('pointermove', (event) => {
      this.#gestures.move(this.#pointer(event));
      this.#hover(event);
    });
    listen('pointerup', (event) => this.#gestures.up(this.#pointer(event)));
    listen('pointercancel', (event) => this.#gestures.cancel(event.pointerId));
    listen('pointerleave', () => this.#setHovered(null));
    // The right button sets a point, and a long press as well.
    listen('contextmenu', (event) => event.preventDefault());
    this.#stops.push(
      () => sizes.disconnect(),
      () => this.#gestures.close(),
      this.#model.state.subscribe(() => this.#changed()),
    );
    this.#resize();
    this.#turn();
  }

  close(): void {
    cancelAnimationFrame(this.#request);
    clearTimeout(this.#settling);
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Of the frames that come; the shape is the picture's until one has come. */
  get frame(): Size {
    return this.#shape;
  }

  /** What the keyboard points at. */
  point(pointing: Pointing): void {
    this.#pointing = pointing;
    this.#dirty = true;
  }

  get pointing(): Pointing {
    return this.#pointing;
  }

  /** Frame pixels for one pixel of the page's layout. */
  get framePixels(): number {
    return this.#shape.width / this.#shown.width;
  }

  #down(event: PointerEvent): void {
    if (event.isPrimary) this.#elements.picture.setPointerCapture(event.pointerId);
    this.#gestures.down(this.#pointer(event));
  }

  #pointer(event: PointerEvent): Pointer {
    const { left, top } = this.#elements.canvas.getBoundingClientRect();
    return {
      id: event.pointerId,
      at: { x: event.clientX - left, y: event.clientY - top },
      type: event.pointerType,
      button: event.button,
      shift: event.shiftKey,
    };
  }

  #frame(at: Place): Place {
    return toFrame(at, this.#shown, this.#shape);
  }

  #hover(event: PointerEvent): void {
    const { session } = this.#model.state.get();
    const isPicking = session !== null && event.pointerType === 'mouse' && isChoosing(session);
    this.#setHovered(isPicking ? this.#model.foundAt(this.#frame(this.#pointer(event).at)) : null);
  }

  #setHovered(mask: MaskItem | null): void {
    if (mask === this.#hovered) return;
    this.#hovered = mask;
    this.#dirty = true;
  }

  #changed(): void {
    this.#dirty = true;
    const { session } = this.#model.state.get();
    if (!session || !isChoosing(session)) this.#hovered = null;
  }

  #turn(): void {
    this.#request = requestAnimationFrame(() => this.#turn());
    const { timeline } = this.#model.feed;
    const { session } = this.#model.state.get();
    const pinned = session && timeline.pinned;
    const view = pinned ? { frame: pinned, layers: [] } : timeline.view(performance.now());
    if (!view) return;
    const { frame, layers } = view;
    const key = [frame, ...layers.flatMap(({ masks, opacity }) => [masks, opacity])];
    if (!this.#dirty && key.length === this.#drawn.length && key.every((part, i) => part === this.#drawn[i]))
      return;
    const { width, height, seq } = frame.header;
    if (width !== this.#shape.width || height !== this.#shape.height) {
      this.#shape = { width, height };
      this.#resize();
    }
    const input = { frame, layers, session, pointing: this.#pointing, hovered: this.#hovered };
    const masks = this.#scene.draw(this.#elements.canvas, input, this.#density);
    this.#drawn = key;
    this.#dirty = false;
    const { dataset } = this.#elements.picture;
    dataset.seq = String(seq);
    dataset.state = session ? 'held' : 'live';
    dataset.masks = String(masks.length);
    dataset.width = String(width);
    dataset.height = String(height);
  }

  #resize(): void {
    const { room, canvas } = this.#elements;
    const { clientWidth, clientHeight } = room;
    if (clientWidth === 0 || clientHeight === 0) return;
    room.style.setProperty('--shape', `${this.#shape.width} / ${this.#shape.height}`);
    const shown = fitted(this.#shape, { width: room.clientWidth, height: room.clientHeight });
    const density = Math.min(devicePixelRatio, MAX_WIDTH / shown.width);
    const width = Math.round(shown.width * density);
    const height = Math.round(shown.height * density);
    this.#shown = shown;
    this.#density = density;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${shown.width}px`;
      canvas.style.height = `${shown.height}px`;
    }
    this.#dirty = true;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#model.feed.setWidth(width), SETTLED_MS);
  }
}
