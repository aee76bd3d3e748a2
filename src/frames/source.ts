import type { NativeFrameInfo } from '../native/types.js';
import type { FrameChoice } from './camera.js';
import type { FrameDepth } from './depth.js';
import type { CameraState } from './supervision.js';

/** Where the pipeline takes frames from: a camera, or the picture of a job. */
export interface FrameSource {
  readonly name: string;
  /** Its share of the model when that can't serve all: 2 gets twice as much as 1. A job's picture has 1. */
  readonly weight: number;
  readonly streaming: boolean;
  readonly state: CameraState;
  /** Where it has a depth camera beside it. */
  readonly depth?: FrameDepth | undefined;
  /** A handle on a held frame, or null. The caller owes the addon one `releaseFrame`. */
  acquire(choice: FrameChoice): NativeFrameInfo | null;
  /** Resolves with the next frame's arrival, or false after `timeoutMs`, when `signal` is aborted, or when there will be none. */
  nextFrame(timeoutMs: number, signal?: AbortSignal): Promise<boolean>;
}
