import type { FrameHeader, Masks } from '../../../src/http/live/protocol.js';
import type { LiveClient } from '../live/client.js';
import type { LiveFrame } from '../live/frame.js';
import { Timeline } from './timeline.js';

export interface FeedListener {
  /** A picture is ready to be shown. */
  onFrame(): void;
  onMasks(masks: Masks): void;
  /** The node holds the held frame no more. */
  onLetGo(problem: string): void;
  /** The frame that was to be held was gone: this one, the newest, is held in its place. */
  onHeldInstead(frame: FrameHeader): void;
}

const LIVE_FPS = 15;
/** Behind a held picture: the tracks are still told, and going live begins with a recent picture. */
const HELD_FPS = 2;
const NEXT_FRAME_MS = 2000;

/** The pictures and masks of one camera, as fast and as large as they are shown; and the one that is held. */
export class Feed {
  readonly timeline = new Timeline<ImageBitmap>();
  readonly #live: LiveClient;
  readonly #camera: string;
  readonly #listener: FeedListener;
  #stops: (() => void)[] = [];
  #unwatch: (() => void) | null = null;
  #width = 0;
  #isHeld = false;
  /** Held here, and on the node no more. */
  #isLost = false;
  #holding: Promise<void> = Promise.resolve();
  readonly #awaiting: (() => void)[] = [];

  constructor(live: LiveClient, camera: string, listener: FeedListener) {
    this.#live = live;
    this.#camera = camera;
    this.#listener = listener;
  }

  start(): void {
    const camera = this.#camera;
    const live = this.#live;
    this.#stops = [
      live.onFrame(camera, (frame) => this.#arrived(frame)),
      live.onMasks(camera, (masks) => {
        this.timeline.addMasks(masks, performance.now());
        this.#listener.onMasks(masks);
      }),
      live.onLetGo(camera, (problem) => this.#letGo(problem)),
      live.state.subscribe(({ connection }) => {
        // The node may have begun anew and count its frames from 1 again: the same number is another picture then.
        if (connection !== 'open') this.#letGo('The connection was lost, and the held picture with it.');
      }),
    ];
    this.#watch();
  }

  close(): void {
    this.release();
    for (const stop of this.#stops.splice(0)) stop();
    this.#unwatch?.();
    this.#unwatch = null;
    this.timeline.clear();
  }

  /** The width in device pixels that pictures are shown at. */
  setWidth(width: number): void {
    if (width === this.#width) return;
    this.#width = width;
    this.#watch();
  }

  /** Holds the picture that is shown, here and on the node; null while there is none. */
  hold(): FrameHeader | null {
    const pinned = this.timeline.pin();
    if (!pinned) return null;
    this.#isHeld = true;
    this.#isLost = false;
    this.#holding = this.#hold(pinned.header);
    // Whoever asks for masks of it hears why not.
    this.#holding.catch(() => undefined);
    this.#watch();
    return pinned.header;
  }

  /** Resolves when the node holds the frame; rejects with why it does not. */
  held(): Promise<void> {
    return this.#holding;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#live.release(this.#camera);
    this.timeline.unpin();
    this.#watch();
  }

  /** Resolves with the next picture, or when it is long in coming. */
  #nextFrame(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaiting.push(resolve);
      setTimeout(resolve, NEXT_FRAME_MS);
    });
  }

  /** Nothing more is asked of the held picture; what was found on it stays. */
  #letGo(problem: string): void {
    if (!this.#isHeld || this.#isLost) return;
    this.#isLost = true;
    this.#holding = Promise.reject(new Error(problem));
    this.#holding.catch(() => undefined);
    this.#listener.onLetGo(problem);
  }

  async #hold({ seq }: FrameHeader): Promise<void> {
    const held = await this.#live.hold(this.#camera, seq);
    if (held.problem === undefined || !this.#isHeld) return;
    let newest = this.timeline.pinNewest();
    if (newest?.header.seq === seq) {
      await this.#nextFrame();
      if (!this.#isHeld) return;
      newest = this.timeline.pinNewest();
    }
    if (!newest || newest.header.seq === seq) throw new Error(held.problem);
    this.#listener.onHeldInstead(newest.header);
    const again = await this.#live.hold(this.#camera, newest.header.seq);
    if (again.problem !== undefined) throw new Error(again.problem);
  }

  /** Resolves, and lets the next frame come, when the picture is ready to be shown. */
  async #arrived({ header, jpeg }: LiveFrame): Promise<void> {
    const picture = await createImageBitmap(jpeg);
    if (this.#stops.length === 0) {
      picture.close();
      return;
    }
    this.timeline.add({ header, picture, arrivedAt: performance.now() });
    for (const resolve of this.#awaiting.splice(0)) resolve();
    this.#listener.onFrame();
  }

  #watch(): void {
    const before = this.#unwatch;
    const isShown = this.#width > 0 && this.#stops.length > 0;
    const view = { maxWidth: this.#width, maxFps: this.#isHeld ? HELD_FPS : LIVE_FPS };
    this.#unwatch = isShown ? this.#live.watch(this.#camera, view) : null;
    before?.();
  }
}
