/** What the HTTP side sees of the node; create-view.ts makes one. */
import type { Camera } from '../frames/camera.js';
import type { RecentErrors } from '../health/recent-errors.js';
import type { MaskItem, MasksMessage } from '../masks/types.js';
import type { ConnectionStatus } from '../mqtt/connection.js';
import type { Reloading, SegmentService } from '../mqtt/service.js';
import type { NodeStateMessage } from '../mqtt/topics.js';
import type { NativeAddon } from '../native/types.js';
import type { PromptLimits } from '../prompts/message.js';
import type { HttpCounters } from './counters.js';

export interface NodeView {
  readonly id: string;
  readonly version: string;
  readonly addon: NativeAddon;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly service: SegmentService;
  /** As for a prompt over MQTT: `maxBytes` is `mqtt.maxPacketBytes`. */
  readonly limits: PromptLimits;
  /** Bytes of an uploaded picture (`jobs.maxPacketBytes`). */
  readonly maxUploadBytes: number;
  /** Of an uploaded picture (`pipeline.maxImagePixels`). */
  readonly maxImagePixels: number;
  /** How long an answer is kept for a repeat of its request (`mqtt.answerKeepMs`). */
  readonly answerKeepMs: number;
  /** `jobs.enabled`: without a camera there is something to do all the same. */
  readonly servesJobs: boolean;
  readonly state: () => NodeStateMessage;
  readonly broker: () => ConnectionStatus;
  /** The AsyncAPI document of this node's topics, as JSON. */
  readonly asyncApi: () => string;
  /** What `<base>/stats` publishes. */
  readonly stats: () => Record<string, unknown>;
  /** `request/reload` of docs/mqtt.md; null where there is no config file to read again. */
  readonly reload: (() => Reloading) | null;
  readonly errors: RecentErrors;
  readonly counters: HttpCounters;
  /**
   * Hears each masks message that the node makes, over MQTT or HTTP, until the returned function is called. A listener
   * must not throw, nor take long.
   */
  readonly onMasks: (listener: MasksListener) => () => void;
  /**
   * Tells the listeners, and the figures of `/metrics`, of masks that were made for who asked over HTTP; their timing is
   * finished. `camera` null: of a picture that was sent, for the figures alone.
   */
  readonly announceMasks: (camera: string | null, message: MasksMessage) => void;
  /** The masks of a message with their RLE, whatever its encodings. */
  readonly drawable: (message: MasksMessage) => readonly MaskItem[];
  /** The text of `/metrics`. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** A request was answered: counted for `/metrics`. */
  readonly served: (request: ServedRequest) => void;
}

export type MasksListener = (camera: string, message: MasksMessage) => void;

export interface ServedRequest {
  readonly method: string;
  /** The route's template, as `/api/cameras/:name/prompt`; undefined where there is no such route: never the request's own URL. */
  readonly route: string | undefined;
  readonly status: number;
}
