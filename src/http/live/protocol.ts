/**
 * What the console and the node say to each other over the WebSocket `/api/live`. Text messages are JSON; a binary one,
 * from the node, is a frame: a little-endian uint32 with the length of a JSON {@link FrameHeader}, the header, the JPEG.
 * Types only: the console's code imports this file.
 */

import type { CameraState } from '../../frames/supervision.js';
import type { RecentError } from '../../health/recent-errors.js';
import type { MaskItem, MasksMessage } from '../../masks/types.js';
import type { NodeStateMessage } from '../../mqtt/topics.js';

export interface FrameHeader {
  readonly camera: string;
  readonly seq: number;
  /** Capture time, ms since the Unix epoch. */
  readonly timestamp: number;
  /** Of the camera's frame, which prompts are in pixels of; the JPEG may be smaller. */
  readonly width: number;
  readonly height: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Once, at the start. */
export interface Hello {
  readonly type: 'hello';
  readonly node: string;
  readonly version: string;
  /** In the config's order. */
  readonly cameras: readonly string[];
  readonly limits: {
    readonly maxPrompts: number;
    readonly maxPoints: number;
    /** Frames that one page may hold; see `hold`. */
    readonly held: number;
  };
  readonly errors: readonly RecentError[];
}

export interface CameraStatus extends CameraState {
  /** The longest time without a frame since the first one, that which lasts now included. */
  readonly longestGapMs: number;
  /** How often it was opened again. */
  readonly reopens: number;
}

/** Every second. */
export interface Status {
  readonly type: 'status';
  /** Ms since the Unix epoch. */
  readonly at: number;
  readonly node: NodeStateMessage;
  readonly broker: {
    /** Without credentials. */
    readonly url: string;
    readonly connected: boolean;
    readonly protocol: string | null;
    readonly problem: string | null;
  };
  /** `fps` is measured now, while the state topic tells changes only. */
  readonly cameras: Readonly<Record<string, CameraStatus>>;
  /** Of the answers since the last status, by stage (`queueMs`, `encodeMs`, … `captureToPublishMs`); null: none. */
  readonly stages: Readonly<Record<string, Percentiles | null>>;
  /** Answers (masks messages) since the last status. */
  readonly answers: number;
  readonly queue: number;
  /** Since the start, by reason: what the pipeline refused, what the link dropped. */
  readonly drops: Readonly<Record<string, number>>;
  readonly rssBytes: number;
  /** The longest that a timer was late since the last status. */
  readonly eventLoopDelayMs: number;
}

/**
 * A masks message of any source; its masks have `rle`, whatever the encodings that were asked for. Where its frame is newer
 * than those that were sent, it is the next that is sent, if the node still has it. While masks come, frames are sent as
 * late as masks are, so that this is the rule. A camera's frames are sent in order.
 */
export interface Masks {
  readonly type: 'masks';
  readonly camera: string;
  readonly message: Omit<MasksMessage, 'masks'>;
  readonly masks: readonly MaskItem[];
}

export interface ErrorNews {
  readonly type: 'error';
  readonly error: RecentError;
}

/** The answer to `hold`: the frame stays, and prompts may name it by its seq; or why it does not. */
export interface Held {
  readonly type: 'held';
  readonly camera: string;
  readonly seq: number;
  readonly problem?: string;
}

export type ServerMessage = Hello | Status | Masks | ErrorNews | Held;

/**
 * Which cameras are looked at, and how large. Frames come as fast as the page tells that it has `seen` them, at most
 * `maxFps`. A camera that is not named sends no frames and no masks.
 */
export interface Watch {
  readonly type: 'watch';
  readonly cameras: readonly { readonly name: string; readonly maxWidth: number; readonly maxFps: number }[];
}

/** The frame is drawn: another one may be sent. */
export interface Seen {
  readonly type: 'seen';
  readonly camera: string;
  readonly seq: number;
}

/**
 * Keeps a frame for prompts that name it (`"frame": {"seq": …}`) until `release`, the next `hold` of this camera, or the
 * end of the connection.
 */
export interface Hold {
  readonly type: 'hold';
  readonly camera: string;
  readonly seq: number;
}

export interface Release {
  readonly type: 'release';
  readonly camera: string;
}

export type ClientMessage = Watch | Seen | Hold | Release;
