import type { MaskItem, MasksMessage } from '../../masks/types.js';

/** What the label image of a masks message is made of. */
export interface LabelTask {
  readonly camera: string;
  readonly message: MasksMessage;
  /** The trace context of the message that it answers, as user properties. */
  readonly trace: Readonly<Record<string, string>>;
  /** Its masks with their RLE. */
  readonly drawable: readonly MaskItem[];
}

export interface LabelImagesOptions {
  /** Makes and sends one; must not reject. */
  readonly work: (task: LabelTask) => Promise<void>;
  /** A newer one of the same camera and source came before this one was begun. */
  readonly onDropped: () => void;
}

/** At a time, whatever the number of cameras: half of libuv's pool, the other half is for snapshots and files. */
const MAX_AT_WORK = 2;

/**
 * The queue of label images: one at work a camera, one waiting for each of a camera's sources (so that a track at camera
 * rate does not crowd out the answer to a prompt), and of those the newest. So what it costs is bounded, and
 * nothing of it holds up masks.
 */
export class LabelImages {
  readonly #options: LabelImagesOptions;
  /** By camera and source, in the order of the first that was to wait there. */
  readonly #waiting = new Map<string, LabelTask>();
  readonly #busy = new Set<string>();
  #closed = false;

  constructor(options: LabelImagesOptions) {
    this.#options = options;
  }

  add(task: LabelTask): void {
    if (this.#closed) return;
    // A camera's name has no slash.
    const key = `${task.camera}/${task.message.source}`;
    if (this.#waiting.has(key)) this.#options.onDropped();
    this.#waiting.set(key, task);
    this.#begin();
  }

  /** Drops what waits; what is at work ends by itself. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
  }

  #begin(): void {
    for (const [key, task] of this.#waiting) {
      if (this.#busy.size >= MAX_AT_WORK) return;
      if (this.#busy.has(task.camera)) continue;
      this.#waiting.delete(key);
      this.#busy.add(task.camera);
      void this.#options.work(task).finally(() => {
        this.#busy.delete(task.camera);
        this.#begin();
      });
    }
  }
}
