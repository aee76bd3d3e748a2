/** Which frame a request gets. */
import { SamwireError } from '../../errors.js';
import type { FrameChoice } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { NativeFrameInfo } from '../../native/types.js';

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
