import { type SamwireError, toSamwireError } from '../../errors.js';
import type { Camera } from '../../frames/camera.js';
import type { HeldFrame } from '../../frames/held-frames.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { Picture, Pictures } from './picture.js';
import type { Slots } from './slots.js';
import { Timeline } from './timeline.js';
import type { View } from './view.js';

/** JPEGs are made in these widths, so that pages of about one size share them; none is larger than its frame. */
const WIDTHS = [320, 640, 960, 1280, 1920] as const;
/** An outage is over when no JPEG failed for so long. */
const QUIET_MS = 60_000;

export interface FeedOptions {
  readonly camera: Pick<Camera, 'name' | 'onFrame' | 'acquire' | 'hold'>;
  readonly releaseFrame: (id: number) => void;
  /** The frame as a JPEG of this width, made off this thread. */
  readonly encode: (frame: NativeFrameInfo, width: number) => Promise<Buffer>;
  readonly pictures: Pictures;
  /** How many JPEGs are made at a time, of all cameras. */
  readonly slots: Slots;
  /** A JPEG could not be made: called once for an outage, and not for a frame that was let go of meanwhile. */
  readonly onProblem: (error: SamwireError) => void;
  readonly now?: () => number;
}

/**
 * One camera as pages see it. Nothing is encoded but for a page that is ready for it, one JPEG at a time, and pages of one
 * size share it; whoever looks at nothing, or is slow, costs nothing.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #now: () => number;
  readonly #views = new Set<View>();
  #timeline: Timeline;
  /** What ready pages are sent now. */
  #current: Picture | undefined;
  /** The frame of the newest masks, for pages that have seen nothing newer. */
  #masked: Picture | undefined;
  #stopListening: (() => void) | undefined;
  #busy = false;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#timeline = new Timeline(this.#now);
  }

  add(view: View): void {
    this.#views.add(view);
    this.#stopListening ??= this.#listen();
    this.turn();
  }

  remove(view: View): void {
    if (!this.#views.delete(view)) return;
    view.close();
    if (this.#views.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#setCurrent(undefined);
    this.#setMasked(undefined);
  }

  /**
   * Masks of a frame were sent to the pages; it is the next that those are sent that have seen nothing newer. Frames that the
   * history has no more do not count: the pages can not be shown what came before them either.
   */
  masked(frame: { readonly seq: number; readonly timestamp: number }): void {
    if (this.#views.size === 0 || !this.#timeline.isRecent(frame)) return;
    const held = this.#options.camera.hold(frame.seq);
    if (!held) return;
    this.#timeline.masked(frame);
    if (this.#isLacking(frame.seq)) {
      this.#setMasked(this.#options.pictures.add(held));
      this.turn();
    } else held.release();
  }

  /** A page may have become ready. */
  turn(): void {
    this.#again = true;
    if (!this.#busy) void this.#run();
  }

  #listen(): () => void {
    this.#timeline = new Timeline(this.#now);
    return this.#options.camera.onFrame((frame) => {
      this.#timeline.arrived(frame);
      this.turn();
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#again) {
      this.#again = false;
      if (this.#ready().length === 0) continue;
      try {
        await this.#options.slots.run(() => this.#serve());
      } catch (thrown) {
        this.#failed(thrown);
      }
    }
    this.#busy = false;
  }

  #failed(thrown: unknown): void {
    const now = this.#now();
    const isNew = now - this.#failedAt > QUIET_MS;
    this.#failedAt = now;
    if (isNew) this.#options.onProblem(toSamwireError(thrown));
  }

  /** Views that are to be sent a frame now; for those whose time has not come yet, there is a timer. */
  #ready(): View[] {
    const now = this.#now();
    const ready = [...this.#views].filter((view) => view.isReady);
    const later = ready.map((view) => view.dueAt).filter((at) => at > now);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (later.length > 0) this.#timer = setTimeout(() => this.turn(), Math.min(...later) - now + 1).unref();
    return ready.filter((view) => view.dueAt <= now);
  }

  async #serve(): Promise<void> {
    const masked = this.#masked;
    if (masked) {
      await this.#send(masked);
      if (!this.#isLacking(masked.frame.seq) && this.#masked === masked) this.#setMasked(undefined);
    }
    // All pages may have gone while this waited: nobody would let go of a frame that is chosen now.
    const current = this.#views.size > 0 ? this.#choose() : undefined;
    if (current) await this.#send(current);
  }

  #choose(): Picture | undefined {
    const { camera, releaseFrame, pictures } = this.#options;
    const frame = camera.acquire(this.#timeline.choice) ?? camera.acquire('latest');
    if (!frame) return undefined;
    let held: HeldFrame | null = null;
    try {
      if (this.#current?.frame.seq === frame.seq && !this.#current.isDropped) return this.#current;
      held = camera.hold(frame.seq);
    } finally {
      releaseFrame(frame.id);
    }
    if (held) this.#setCurrent(pictures.add(held));
    return held ? this.#current : undefined;
  }

  /** To all ready views that want it, one width after the other; a view may become ready or not meanwhile. */
  async #send(picture: Picture): Promise<void> {
    const { seq } = picture.frame;
    const isWanted = (view: View): boolean => view.isReady && view.dueAt <= this.#now() && view.lacks(seq);
    const widthOf = (view: View): number => widthFor(view.maxWidth, picture.frame.width);
    const widths = new Set([...this.#views].filter(isWanted).map(widthOf));
    for (const width of widths) {
      if (picture.isDropped) return;
      const packet = picture.packet(width) ?? (await this.#encode(picture, width));
      if (!packet) return;
      for (const view of this.#views)
        if (widthOf(view) === width && isWanted(view)) view.send(picture, packet, this.#now());
    }
  }

  /** Undefined where the frame was let go of meanwhile, as that of a camera that is closed. */
  async #encode(picture: Picture, width: number): Promise<Buffer | undefined> {
    const { camera, encode } = this.#options;
    try {
      const jpeg = await encode(picture.frame, width);
      return picture.isDropped ? undefined : picture.addJpeg(camera.name, width, jpeg);
    } catch (thrown) {
      if (picture.isDropped) return undefined;
      throw thrown;
    }
  }

  #isLacking(seq: number): boolean {
    return [...this.#views].some((view) => view.lacks(seq));
  }

  #setCurrent(picture: Picture | undefined): void {
    this.#current?.forgetJpegs();
    this.#current?.unuse();
    this.#current = picture;
  }

  #setMasked(picture: Picture | undefined): void {
    this.#masked?.forgetJpegs();
    this.#masked?.unuse();
    this.#masked = picture;
  }
}

/** The smallest of {@link WIDTHS} that fills `wanted`, and at most the frame's own. */
export function widthFor(wanted: number, frameWidth: number): number {
  const width = WIDTHS.find((each) => each >= wanted) ?? WIDTHS[WIDTHS.length - 1] ?? frameWidth;
  return Math.min(width, frameWidth);
}
