import type { Picture } from './picture.js';

/** Frames that are on their way to a page, or not drawn yet: with two, one is drawn while the next is sent. */
const MAX_UNSEEN = 2;
/** Frames that a page has seen last and may show: it draws them a little later, so that masks fit, or draws no newer one. */
const MAX_SHOWN = 3;

export interface ViewOptions {
  readonly maxWidth: number;
  readonly maxFps: number;
  /** Whether the socket takes more now. */
  readonly isOpen: () => boolean;
  readonly send: (packet: Buffer) => void;
}

/** What one page sees of one camera: how large, how often, and how far it is. Frames are sent in order. */
export class View {
  #options: ViewOptions;
  /** Sent and not yet seen, oldest first. */
  readonly #unseen: Picture[] = [];
  /** Seen, oldest first. */
  readonly #shown: Picture[] = [];
  #lastSeq = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  change(options: ViewOptions): void {
    this.#options = options;
  }

  get maxWidth(): number {
    return this.#options.maxWidth;
  }

  /** Whether a frame may be sent as far as the page is concerned; when is told by {@link dueAt}. */
  get isReady(): boolean {
    return this.#unseen.length < MAX_UNSEEN && this.#options.isOpen();
  }

  /** The earliest time of the next frame by `maxFps`, monotonic ms. */
  get dueAt(): number {
    return this.#notBefore;
  }

  /** Whether the frame is newer than what was sent last. */
  lacks(seq: number): boolean {
    return seq > this.#lastSeq;
  }

  send(picture: Picture, packet: Buffer, now: number): void {
    const { seq } = picture.frame;
    const intervalMs = 1000 / this.#options.maxFps;
    // Half a frame early is on time: frames do not come to the millisecond.
    this.#notBefore = Math.max(this.#notBefore + intervalMs, now + intervalMs / 2);
    this.#lastSeq = seq;
    this.#unseen.push(picture.use());
    this.#options.send(packet);
  }

  /** The page has drawn a frame, and with it those sent before. False where it was not waited for. */
  seen(seq: number): boolean {
    const at = this.#unseen.findIndex(({ frame }) => frame.seq === seq);
    if (at < 0) return false;
    this.#shown.push(...this.#unseen.splice(0, at + 1));
    while (this.#shown.length > MAX_SHOWN) this.#shown.shift()?.unuse();
    return true;
  }

  close(): void {
    for (const picture of [...this.#unseen.splice(0), ...this.#shown.splice(0)]) picture.unuse();
  }
}
