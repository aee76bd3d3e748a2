/** Why a frame of a certain time is not there, as far as the clocks tell. */
import { SamwireError } from '../../errors.js';
import type { FrameChoice } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { NativeAddon } from '../../native/types.js';

/** No detector takes that long for a frame: its clock is off. */
const LATE_MS = 10_000;

export interface NamedTime {
  readonly camera: FrameSource;
  readonly choice: FrameChoice;
  readonly addon: Pick<NativeAddon, 'releaseFrame'>;
  /** What `detections.clockOffsetMs` has added to a detector's time; absent where a client names its frame. */
  readonly offsetMs?: number;
}

/** A `frame_evicted` for a time says how far that is from the newest frame, and what to do; other errors stay as they are. */
export function evictedWithClocks(thrown: unknown, { camera, choice, addon, offsetMs }: NamedTime): unknown {
  if (!(thrown instanceof SamwireError) || thrown.code !== 'frame_evicted') return thrown;
  if (choice === 'latest' || 'seq' in choice) return thrown;
  const newest = camera.acquire('latest');
  if (!newest) return thrown;
  addon.releaseFrame(newest.id);
  const { timestamp, toleranceMs } = choice;
  const behindMs = Math.round(newest.timestamp - timestamp);
  const where = `No frame of camera ${camera.name} within ${toleranceMs} ms of ${new Date(timestamp).toISOString()} is held: that is ${Math.abs(behindMs)} ms ${behindMs < 0 ? 'after' : 'before'} the newest frame was captured.`;
  const setting =
    offsetMs === undefined
      ? ''
      : `, or set cameras.${camera.name}.detections.clockOffsetMs to ${Math.round(offsetMs + behindMs)}`;
  const mend = `synchronise the clocks by NTP${setting}`;
  const advice =
    behindMs < 0
      ? `The sender's clock is ahead: ${mend}.`
      : behindMs > LATE_MS
        ? `The sender's clock is behind: ${mend}. Times are milliseconds of the Unix epoch.`
        : `Send sooner, or raise the camera's historyMs; if the sender is not that late, its clock is behind: ${mend}.`;
  return new SamwireError('frame_evicted', `${where} ${advice}`, { cause: thrown });
}
