/** Which frame a request gets, and how long it may wait for one. */
import { SamwireError } from '../errors.js';
import type { FrameChoice } from '../frames/camera.js';
import type { FrameSource } from '../frames/source.js';
import type { NativeFrameInfo } from '../native/types.js';

/**
 * A handle on the frame that a request names; the caller owes one release.
 * @throws SamwireError `frame_evicted`
 */
export function namedFrame(camera: FrameSource, choice: FrameChoice): NativeFrameInfo {
  const held = camera.acquire(choice);
  if (held) return held;
  const wanted =
    choice === 'latest'
      ? 'The newest frame'
      : 'seq' in choice
        ? `Frame seq ${choice.seq}`
        : `A frame within ${choice.toleranceMs} ms of timestamp ${choice.timestamp}`;
  throw new SamwireError(
    'frame_evicted',
    `${wanted} of camera ${camera.name} is not held. Frames are kept for the camera's historyMs; ask sooner or raise it.`,
  );
}

/**
 * A handle on the camera's newest frame; the caller owes one release.
 * @throws SamwireError `no_frame`
 */
export function newestFrame(camera: FrameSource): NativeFrameInfo {
  const frame = camera.acquire('latest');
  if (frame) return frame;
  throw new SamwireError('no_frame', `Camera ${camera.name} is ${camera.state.state} and holds no frame.`);
}

/** Chosen minus requested capture time; 0 unless the request named a timestamp. */
export function skewMs(choice: FrameChoice, frame: NativeFrameInfo): number {
  return choice !== 'latest' && 'timestamp' in choice ? frame.timestamp - choice.timestamp : 0;
}

/** What a request is told that the end of the service overtakes. */
export function stopping(): SamwireError {
  return new SamwireError('overloaded', 'The node is stopping; send the request again later.');
}

export interface StreamWait {
  readonly camera: FrameSource;
  /** The longest wait. */
  readonly timeoutMs: number;
}

/** Requests for the newest frame of a camera that does not stream yet; at most `limit` of them wait. */
export class StreamWaits {
  readonly #limit: number;
  #waiting = 0;
  #closed = false;
  #tellClosed: () => void = () => undefined;
  readonly #closing = new Promise<void>((resolve) => {
    this.#tellClosed = resolve;
  });

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#waiting;
  }

  /**
   * Resolves when the camera streams.
   * @throws SamwireError `no_frame` when it does not in time or is disabled; `overloaded` when too many wait already.
   */
  async wait({ camera, timeoutMs }: StreamWait): Promise<void> {
    if (camera.streaming) return;
    if (camera.state.state === 'disabled')
      throw new SamwireError('no_frame', `Camera ${camera.name} is disabled in the config.`);
    if (this.#waiting >= this.#limit)
      throw new SamwireError(
        'overloaded',
        `${this.#waiting} requests already wait for a frame; try again later.`,
      );
    this.#waiting += 1;
    try {
      if (await Promise.race([camera.nextFrame(timeoutMs), this.#closing])) return;
    } finally {
      this.#waiting -= 1;
    }
    if (this.#closed) throw stopping();
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
    this.#tellClosed();
  }
}
