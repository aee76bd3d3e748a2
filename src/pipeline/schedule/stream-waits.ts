import { SamwireError } from '../../errors.js';
import type { FrameSource } from '../../frames/source.js';
import { stopping } from './frame-choice.js';
import { withdrawn } from './refusals.js';

export interface StreamWait {
  readonly camera: FrameSource;
  /** The longest wait. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly camera: FrameSource;
  readonly refuse: (error: SamwireError) => void;
}

/**
 * Requests for the newest frame of a camera that does not stream yet. One more than `limit`, and the oldest is refused of the
 * camera that has most of them for its weight, so that one dead camera does not shut out the others.
 */
export class StreamWaits {
  readonly #limit: number;
  /** In the order of their arrival. */
  readonly #waiting = new Map<FrameSource, Set<Waiter>>();
  #length = 0;
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Resolves when the camera streams.
   * @throws SamwireError `no_frame` when it does not in time or is disabled; `overloaded` when it had to make room;
   *   `expired` when whoever asked has gone.
   */
  async wait({ camera, timeoutMs, signal }: StreamWait): Promise<void> {
    if (camera.streaming) return;
    if (camera.state.state === 'disabled')
      throw new SamwireError('no_frame', `Camera ${camera.name} is disabled in the config.`);
    if (this.#closed) throw stopping();
    if (signal?.aborted) throw withdrawn();
    // Whoever is refused leaves no timer behind.
    const over = new AbortController();
    const gone = (): void => waiter?.refuse(withdrawn());
    signal?.addEventListener('abort', gone);
    let waiter: Waiter | undefined;
    const refused = new Promise<never>((_, refuse) => {
      waiter = { camera, refuse };
      this.#add(waiter);
    });
    try {
      if (await Promise.race([camera.nextFrame(timeoutMs, over.signal), refused])) return;
    } finally {
      over.abort();
      signal?.removeEventListener('abort', gone);
      if (waiter) this.#remove(waiter);
    }
    const { state, error } = camera.state;
    const waitedMs = Math.max(0, Math.round(timeoutMs));
    throw new SamwireError(
      'no_frame',
      `Camera ${camera.name} is ${state} and gave no frame within ${waitedMs} ms.${error ? ` ${error.message}` : ''}`,
    );
  }

  /** Tells all who wait that the node is stopping. */
  close(): void {
    this.#closed = true;
    for (const waiters of this.#waiting.values()) for (const { refuse } of waiters) refuse(stopping());
  }

  #add(waiter: Waiter): void {
    const { camera } = waiter;
    const waiters = this.#waiting.get(camera) ?? new Set();
    this.#waiting.set(camera, waiters.add(waiter));
    this.#length += 1;
    if (this.#length <= this.#limit) return;
    let fullest = waiters;
    let most = waiters.size / camera.weight;
    for (const [{ weight }, others] of this.#waiting) {
      if (others.size / weight <= most) continue;
      fullest = others;
      most = others.size / weight;
    }
    const [oldest] = fullest;
    if (!oldest) return;
    this.#remove(oldest);
    oldest.refuse(
      new SamwireError(
        'overloaded',
        `More than ${this.#limit} requests wait for a frame, most of them for camera ${oldest.camera.name}, and this was the oldest of those; try again later.`,
      ),
    );
  }

  #remove(waiter: Waiter): void {
    const waiters = this.#waiting.get(waiter.camera);
    if (!waiters?.delete(waiter)) return;
    this.#length -= 1;
    if (waiters.size === 0) this.#waiting.delete(waiter.camera);
  }
}
