import type { FrameHeader, Masks } from '../../../src/http/live/protocol.js';

/** What can be drawn, and is let go of: an ImageBitmap. */
export interface Drawable {
  close(): void;
}

export interface ArrivedPicture<P> {
  readonly header: FrameHeader;
  readonly picture: P;
  /** On the page's own clock, ms. */
  readonly arrivedAt: number;
}

/** A masks message as it is drawn now. */
export interface Layer {
  readonly masks: Masks;
  /** 1, then less and less for a message that nothing newer has replaced. */
  readonly opacity: number;
}

export interface View<P> {
  readonly frame: ArrivedPicture<P>;
  /** Oldest first. */
  readonly layers: readonly Layer[];
}

/** Pictures that wait to be shown: at 15 a second and the longest delay there are 8. */
const MAX_PICTURES = 12;
const MAX_LAYERS = 32;
/** Masks are older than their pictures by so much at most before pictures stop waiting for them. */
const MAX_DELAY_MS = 500;
/** A delay that was needed is kept for so long after the last masks that needed it. */
const DELAY_KEPT_MS = 2000;
/** A mask is shown in full for so long after its frame, and then fades; on a node that is slower than that for longer. */
const FULL_MS = 1000;
const GONE_MS = 1500;

/**
 * Which picture of a camera is shown, and which masks on it. Masks come later than the frame that they belong to:
 * while they do, pictures are shown with that delay, so that masks lie on their own frame. A picture is never followed
 * by an older one.
 */
export class Timeline<P extends Drawable> {
  /** Oldest first; the first is what is shown, or was. */
  #pictures: ArrivedPicture<P>[] = [];
  #layers: { readonly masks: Masks; readonly arrivedAt: number; readonly lagMs: number }[] = [];
  #lags: { readonly lagMs: number; readonly at: number }[] = [];
  #pinned: ArrivedPicture<P> | null = null;

  add(frame: ArrivedPicture<P>): void {
    const newest = this.#pictures.at(-1)?.header;
    // The node has begun anew: its frames count from 1 again.
    if (newest && frame.header.seq < newest.seq) this.clear();
    this.#pictures.push(frame);
    while (this.#pictures.length > MAX_PICTURES) this.#drop();
  }

  addMasks(masks: Masks, now: number): void {
    const lagMs = this.#lagOf(masks, now);
    if (lagMs !== null && lagMs <= MAX_DELAY_MS) this.#lags.push({ lagMs: Math.max(0, lagMs), at: now });
    this.#layers.push({ masks, arrivedAt: now, lagMs: Math.max(0, lagMs ?? 0) });
    if (this.#layers.length > MAX_LAYERS) this.#layers.shift();
  }

  /** How long pictures wait for their masks. */
  delayMs(now: number): number {
    this.#lags = this.#lags.filter(({ at }) => now - at < DELAY_KEPT_MS);
    return this.#lags.reduce((most, { lagMs }) => Math.max(most, lagMs), 0);
  }

  /** Null while no picture has come. Lets go of the pictures before the one that is shown. */
  view(now: number): View<P> | null {
    const until = now - this.delayMs(now);
    while (this.#pictures.length > 1 && (this.#pictures[1]?.arrivedAt ?? Number.POSITIVE_INFINITY) <= until)
      this.#drop();
    const [frame] = this.#pictures;
    return frame ? { frame, layers: this.#layersOn(frame.header, now) } : null;
  }

  /** Keeps the picture that is shown until `unpin`; null where there is none. */
  pin(): ArrivedPicture<P> | null {
    this.unpin();
    this.#pinned = this.#pictures[0] ?? null;
    return this.#pinned;
  }

  get pinned(): ArrivedPicture<P> | null {
    return this.#pinned;
  }

  /** Keeps the newest picture instead. */
  pinNewest(): ArrivedPicture<P> | null {
    while (this.#pictures.length > 1) this.#drop();
    return this.pin();
  }

  unpin(): void {
    const pinned = this.#pinned;
    this.#pinned = null;
    if (pinned && !this.#pictures.includes(pinned)) pinned.picture.close();
  }

  clear(): void {
    while (this.#pictures.length > 0) this.#drop();
    this.#layers = [];
    this.#lags = [];
  }

  #drop(): void {
    const dropped = this.#pictures.shift();
    if (dropped && dropped !== this.#pinned) dropped.picture.close();
  }

  /** Between the arrival of a frame and that of its masks; the frame itself may not have been sent to the page. */
  #lagOf({ message }: Masks, now: number): number | null {
    if (message.source === 'everything') return null;
    const { timestamp } = message.frame;
    let nearest: ArrivedPicture<P> | null = null;
    for (const frame of this.#pictures) {
      const distance = Math.abs(frame.header.timestamp - timestamp);
      if (!nearest || distance < Math.abs(nearest.header.timestamp - timestamp)) nearest = frame;
    }
    return nearest && now - (nearest.arrivedAt + timestamp - nearest.header.timestamp);
  }

  #layersOn(frame: FrameHeader, now: number): Layer[] {
    this.#layers = this.#layers.filter(
      ({ arrivedAt, lagMs }) => (now - arrivedAt) / slowness(lagMs) < GONE_MS,
    );
    const shown: Layer[] = [];
    for (const layer of [...this.#layers].reverse()) {
      const { masks, arrivedAt, lagMs } = layer;
      const { source, frame: of } = masks.message;
      if (source !== 'everything' && of.seq > frame.seq) continue;
      if (shown.some((newer) => replaces(newer.masks, masks))) continue;
      // Everything takes longer than a picture lives: it is shown when it comes.
      const ageMs = source === 'everything' ? 0 : frame.timestamp - of.timestamp;
      // Nor is an answer hidden because it was long in coming: its age counts from its arrival then.
      const lateMs = lagMs > MAX_DELAY_MS ? lagMs : 0;
      const opacity = opacityAt(Math.max(ageMs - lateMs, now - arrivedAt) / slowness(lagMs));
      if (opacity > 0) shown.push({ masks, opacity });
    }
    return shown.reverse();
  }
}

/** The next answer of a node that took 3 s comes 3 s later: the masks stay until then, rather than blink. */
function slowness(lagMs: number): number {
  return Math.max(1, lagMs / FULL_MS);
}

function opacityAt(ageMs: number): number {
  return Math.min(1, Math.max(0, (GONE_MS - ageMs) / (GONE_MS - FULL_MS)));
}

/**
 * A message about all tracks or detections of a camera replaces the one before. Of prompts, that of the same asker
 * does: it has an id in common.
 */
function replaces(newer: Masks, older: Masks): boolean {
  if (newer.message.source !== older.message.source) return false;
  if (newer.message.source !== 'prompt') return true;
  return newer.masks.some(({ id }) => older.masks.some((mask) => mask.id === id));
}
