import type { Camera } from '../../frames/camera.js';
import type { HeldFrame } from '../../frames/held-frames.js';

/** Frames that all pages hold for prompts together: 100 MB of 1080p. */
export const MAX_HOLDS = 32;
/** Held for so long without an answer to a prompt on it, a frame is let go of. */
const MAX_IDLE_MS = 5 * 60_000;

interface Entry {
  readonly camera: string;
  readonly held: HeldFrame;
  /** The hold, or the last masks of it, monotonic ms. */
  usedAt: number;
  readonly onExpired: (problem: string) => void;
}

export interface HoldRequest {
  readonly camera: Pick<Camera, 'name' | 'hold'>;
  readonly seq: number;
  /** The frame was let go of without a release. */
  readonly onExpired: (problem: string) => void;
}

/** The frames that pages hold, at most {@link MAX_HOLDS}. */
export class Holds {
  readonly #entries = new Set<Entry>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** The function that lets go of it, or why it is not held. */
  hold({ camera, seq, onExpired }: HoldRequest): (() => void) | { readonly problem: string } {
    if (this.#entries.size >= MAX_HOLDS)
      return {
        problem: `Expected at most ${MAX_HOLDS} frames held by all pages together; release one, or close a page.`,
      };
    const held = camera.hold(seq);
    if (!held)
      return {
        problem: `Frame ${seq} of ${camera.name} is not held any more; hold a newer one, as soon as it is seen.`,
      };
    const entry = { camera: camera.name, held, usedAt: this.#now(), onExpired };
    this.#entries.add(entry);
    return () => this.#drop(entry);
  }

  /** Masks of a frame were made; whether anybody holds it, and so is at work with it. */
  used(camera: string, seq: number): boolean {
    let isHeld = false;
    for (const entry of this.#entries) {
      if (entry.camera !== camera || entry.held.frame.seq !== seq) continue;
      entry.usedAt = this.#now();
      isHeld = true;
    }
    return isHeld;
  }

  /** Lets go of those that nobody has prompted for five minutes. */
  expire(): void {
    const before = this.#now() - MAX_IDLE_MS;
    for (const entry of this.#entries) {
      if (entry.usedAt > before) continue;
      this.#drop(entry);
      entry.onExpired(
        `The frame was let go of after ${MAX_IDLE_MS / 60_000} minutes without a prompt; hold a newer one.`,
      );
    }
  }

  #drop(entry: Entry): void {
    if (this.#entries.delete(entry)) entry.held.release();
  }
}
