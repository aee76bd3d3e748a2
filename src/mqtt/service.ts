/** What the link to the broker needs of the rest of the node; src/pipeline implements it. */
import type { Detections } from '../detections/types.js';
import type { MasksMessage } from '../masks/types.js';
import type { EverythingMessage } from '../prompts/everything.js';
import type { PromptMessage } from '../prompts/message.js';
import type { PictureMessage } from '../prompts/picture.js';
import type { TrackListing, TracksMessage } from '../prompts/tracks.js';

export interface PromptContext {
  /** Arrival of the message, ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** When its expiry interval ends (MQTT 5); not begun by then, it is refused as `expired`. */
  readonly expiresAtMs?: number;
  /** Who asks: over MQTT the response topic, as far as it tells. */
  readonly client?: string;
  /** Aborted when nobody waits for the answer any more: what has not begun by then is not run. */
  readonly signal?: AbortSignal;
}

export interface DetectionsContext extends PromptContext {
  /** Where the message came from: of one stream only the newest waits. */
  readonly stream: string;
}

export interface EverythingContext extends PromptContext {
  /** A larger picture of the edges can't be sent beside the masks. */
  readonly maxEdgesBytes: number;
}

/** What is found on a frame; the publisher adds its own time to the masks' `timing.publishMs`. */
export interface EverythingReply {
  readonly masks: MasksMessage;
  /** Where they were asked for: an 8-bit greyscale PNG, 255 the strongest edge, and its size. */
  readonly edges?: { readonly size: readonly [height: number, width: number]; readonly png: Buffer };
}

export interface SnapshotOptions {
  /** The frame of the camera's last answer, with its masks drawn; with `seq` the masks only where that is their frame. */
  readonly overlay: boolean;
  /** Default: the newest frame. */
  readonly seq?: number;
  /** Of the picture, in pixels; a wider one is made smaller, a narrower one is left. */
  readonly width?: number;
  /** A larger JPEG can't be sent: the broker's packet size stands against it. */
  readonly maxBytes: number;
}

export interface Snapshot {
  readonly width: number;
  readonly height: number;
  readonly seq: number;
  /** Capture time, ms since the Unix epoch. */
  readonly timestamp: number;
  /** Masks that are drawn in; null without `overlay`. */
  readonly drawn: number | null;
  readonly jpeg: Buffer;
}

/** Keys of {@link Reloading}; others are left out. */
export const MAX_CHANGED = 100;

/** What a reload will change. */
export interface Reloading {
  /** Keys of the config that have other values now, such as `cameras.front.fps`: the first {@link MAX_CHANGED}. */
  readonly changed: readonly string[];
}

/** Rejections are SamwireErrors; the sender is told of them. Anything else becomes `internal` and is logged. */
export interface SegmentService {
  /** Names of the configured cameras. */
  cameras(): readonly string[];
  /** The publisher adds its own time to `timing.publishMs` when the message is sent. */
  prompt(camera: string, message: PromptMessage, context: PromptContext): Promise<MasksMessage>;
  /** The camera is one of `cameras()`. Null: a newer message of its stream came before its turn, and nobody waits for it. */
  detections(camera: string, message: Detections, context: DetectionsContext): Promise<MasksMessage | null>;
  /** `request/everything`; the camera is one of `cameras()`. */
  everything(message: EverythingMessage, context: EverythingContext): Promise<EverythingReply>;
  /** A job's picture, or one that was uploaded: nobody's camera. Its frame has seq 0, and its capture time is its arrival. */
  job(message: PictureMessage, context: PromptContext): Promise<MasksMessage>;
  /** `request/info`. */
  info(): Record<string, unknown>;
  snapshot(camera: string, options: SnapshotOptions): Promise<Snapshot>;
  /** `request/tracks`: what is followed on a camera, after the change. It throws where nothing could be changed. */
  tracks(message: TracksMessage): readonly TrackListing[];
  restartCamera(camera: string): Promise<void>;
  /** The pipeline's part of `<base>/stats`. */
  stats(): Record<string, unknown>;
  /**
   * A smaller form of a message that does not fit: `JSON.stringify` of the result should have at most
   * `maxPayloadBytes`. Absent: such a message is refused as `too_large`.
   */
  degrade?(
    message: MasksMessage,
    maxPayloadBytes: number,
  ): { readonly message: MasksMessage } | Promise<{ readonly message: MasksMessage }>;
}
