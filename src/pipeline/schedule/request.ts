import type { SamwireError } from '../../errors.js';
import type { FrameChoice } from '../../frames/camera.js';
import type { FrameSource } from '../../frames/source.js';
import type { NativeFrameInfo } from '../../native/types.js';
import type { PromptResult, SegmentPrompt, SegmentTiming } from '../../segment/segmenter.js';

/** What goes first when the model can't serve all: a prompt before detections, those before tracks, and so on. */
export const REQUEST_KINDS = ['prompt', 'detections', 'track', 'job'] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number];

/** A prompt of a request; it has the request's `multimask` and `keepLogits` where it says nothing of its own. */
export type RequestPrompt = Omit<SegmentPrompt, 'multimask'> & Partial<Pick<SegmentPrompt, 'multimask'>>;

/** A request for masks on one frame of a camera, or on the picture of a job. */
export interface SchedulerRequest {
  readonly kind: RequestKind;
  readonly camera: FrameSource;
  readonly frame: FrameChoice;
  /** Makes the prompts for the frame that was chosen; called once, when that is known. */
  readonly prompts: (frame: NativeFrameInfo) => readonly RequestPrompt[];
  /** An upper bound of what `prompts` returns. */
  readonly promptCount: number;
  readonly multimask: boolean;
  /** Candidates of a lower predicted IoU are left out of the answer. */
  readonly minScore?: number;
  /** False: no logits are kept of the answer for a later `refine`. */
  readonly keepLogits?: boolean;
  /** Who asks, where that is known: a camera's clients share its time alike, and who asks most gives way first. */
  readonly client?: string;
  /**
   * Newest wins: a request replaces one of the same camera, kind and key that still waits, which rejects with
   * `Superseded` (code `overloaded`). Whoever submits decides whether that is told to anybody.
   */
  readonly supersedes?: string;
  /** Arrival, ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** Not begun this long after its arrival, the request is refused as `expired`. */
  readonly maxAgeMs: number;
  /** Aborted when nobody waits for the answer any more: the request is taken out, unless its run has begun. */
  readonly signal?: AbortSignal;
  /** Called while the answer's frame is still held: the place to retain it. */
  readonly onAnswer?: (frame: NativeFrameInfo) => void;
}

export interface SchedulerAnswer {
  readonly frame: NativeFrameInfo;
  /** Chosen minus requested capture time; 0 unless the request named a timestamp. */
  readonly skewMs: number;
  /** `results[i]` answers the request's prompt i. */
  readonly results: readonly PromptResult[];
  readonly prompts: readonly RequestPrompt[];
  /** Capture to the request's arrival or, if later, to the frame's. */
  readonly ageMs: number;
  /** From then until the segmenter took it, and what its run waited for the device. */
  readonly queueMs: number;
  readonly timing: SegmentTiming;
  /** When the segmenter's answer was there, ms since the Unix epoch. */
  readonly answeredAtMs: number;
}

/** A request that waits. */
export interface Waiting {
  readonly request: SchedulerRequest;
  /** Held from the start where the request names a frame, so that waiting cannot evict it. */
  readonly pinned: NativeFrameInfo | null;
  readonly resolve: (answer: SchedulerAnswer) => void;
  readonly reject: (error: SamwireError) => void;
  /** Place in the order of arrival. */
  readonly order: number;
  /** Runs that had been begun when it came. */
  readonly runsBefore: number;
  /** On the scheduler's monotonic clock, as the two below: nobody's time is over, or goes on, because the system's clock is set. */
  readonly sinceMs: number;
  /** `receivedAtMs`, which may be before that. */
  readonly arrivedMs: number;
  /** Not begun by then, it has expired. */
  readonly dueMs: number;
}
