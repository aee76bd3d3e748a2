import type { NativeAddon, NativeFrameInfo } from '../native/types.js';

/** A frame that stays until it is released, which may be done more than once. */
export interface HeldFrame {
  readonly frame: NativeFrameInfo;
  release(): void;
}

interface Entry {
  readonly frame: NativeFrameInfo;
  /** Who holds it. */
  holders: number;
}

/** Frames of a camera that are held beside its history, each by one handle, however many hold it. */
export class HeldFrames {
  readonly #addon: Pick<NativeAddon, 'retainFrame' | 'releaseFrame'>;
  readonly #entries = new Map<number, Entry>();

  constructor(addon: Pick<NativeAddon, 'retainFrame' | 'releaseFrame'>) {
    this.#addon = addon;
  }

  /** Takes over a handle on the frame. */
  hold(frame: NativeFrameInfo): HeldFrame {
    const known = this.#entries.get(frame.seq);
    const entry = known ?? { frame, holders: 0 };
    if (known) this.#addon.releaseFrame(frame.id);
    else this.#entries.set(frame.seq, entry);
    entry.holders += 1;
    let released = false;
    return {
      frame: entry.frame,
      release: () => {
        if (released) return;
        released = true;
        this.#release(entry);
      },
    };
  }

  /** A further handle on a held frame, or null. */
  acquire(seq: number): NativeFrameInfo | null {
    const entry = this.#entries.get(seq);
    return entry && this.#addon.retainFrame(entry.frame.id) ? entry.frame : null;
  }

  /** Lets go of all, whoever holds them. */
  clear(): void {
    for (const { frame } of this.#entries.values()) this.#addon.releaseFrame(frame.id);
    this.#entries.clear();
  }

  #release(entry: Entry): void {
    entry.holders -= 1;
    if (entry.holders > 0 || this.#entries.get(entry.frame.seq) !== entry) return;
    this.#entries.delete(entry.frame.seq);
    this.#addon.releaseFrame(entry.frame.id);
  }
}
