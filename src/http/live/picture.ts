import type { HeldFrame } from '../../frames/held-frames.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { FrameHeader } from './protocol.js';

/** A frame that pages see or have just been sent: as long as anybody uses it, prompts and `hold` can name it. */
export class Picture {
  readonly frame: NativeFrameInfo;
  readonly #held: HeldFrame;
  readonly #onUnused: (picture: Picture) => void;
  readonly #packets = new Map<number, Buffer>();
  #users = 1;
  #dropped = false;

  constructor(held: HeldFrame, onUnused: (picture: Picture) => void) {
    this.frame = held.frame;
    this.#held = held;
    this.#onUnused = onUnused;
  }

  use(): this {
    this.#users += 1;
    return this;
  }

  unuse(): void {
    this.#users -= 1;
    if (this.#users === 0) this.drop();
  }

  /** Lets go of the frame and of its JPEGs, whoever uses it. */
  drop(): void {
    this.#dropped = true;
    this.#packets.clear();
    this.#held.release();
    this.#onUnused(this);
  }

  get isDropped(): boolean {
    return this.#dropped;
  }

  packet(width: number): Buffer | undefined {
    return this.#packets.get(width);
  }

  /** The binary message of protocol.ts: header and JPEG. */
  addJpeg(camera: string, width: number, jpeg: Buffer): Buffer {
    const { seq, timestamp, width: frameWidth, height } = this.frame;
    const header: FrameHeader = { camera, seq, timestamp, width: frameWidth, height };
    const text = Buffer.from(JSON.stringify(header));
    const lead = Buffer.alloc(4);
    lead.writeUInt32LE(text.length);
    const packet = Buffer.concat([lead, text, jpeg]);
    this.#packets.set(width, packet);
    return packet;
  }

  /** No page is to be sent it any more; those that show it keep its frame. */
  forgetJpegs(): void {
    this.#packets.clear();
  }
}

/** All pictures of all cameras. Of more than `max` the oldest is dropped: who still shows it can't hold its frame any more. */
export class Pictures {
  readonly #max: number;
  readonly #pictures = new Set<Picture>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes over the held frame; the caller owes an `unuse`. */
  add(held: HeldFrame): Picture {
    const picture = new Picture(held, (unused) => this.#pictures.delete(unused));
    this.#pictures.add(picture);
    const [oldest] = this.#pictures;
    if (this.#pictures.size > this.#max && oldest) oldest.drop();
    return picture;
  }

  get size(): number {
    return this.#pictures.size;
  }
}
