import type { Logger } from 'pino';
import type { MasksMessage } from '../masks/types.js';
import type { PromptLimits } from '../prompts/message.js';
import type { DetectionSource } from './detections.js';
import type { Refused } from './exchange.js';
import type { JobsOptions, JobsPlace } from './jobs/options.js';
import type { OutboundMessage } from './messages.js';
import type { MqttOptions } from './options.js';
import type { Reloading, SegmentService } from './service.js';
import type { NodeStateMessage } from './topics.js';
import type { TraceContext } from './trace.js';

/** The node's state as the rest of the program sets it; `offline` is the broker's to say. */
export interface NodeState {
  readonly state: Exclude<NodeStateMessage['state'], 'offline'>;
  readonly backend: string | null;
  readonly model: string | null;
  /** 0..1, while building. */
  readonly progress?: number;
}

export interface NodeClose {
  /** For all of it. */
  readonly timeoutMs?: number;
  /** The same node is back at once: it tells `starting`, not `stopped`. */
  readonly comesBack?: boolean;
}

export interface MqttNodeOptions {
  readonly mqtt: MqttOptions;
  readonly nodeId: string;
  readonly version: string;
  readonly service: SegmentService;
  readonly limits: Omit<PromptLimits, 'maxBytes'>;
  /** QoS of masks that nobody asked for by a message; 1 is still dropped, not kept, while there is no connection. */
  readonly streamQos?: 0 | 1;
  /** Topics of detectors besides `<camera>/detections`, by camera. */
  readonly detections?: ReadonlyMap<string, DetectionSource>;
  readonly statsIntervalMs: number;
  /** Absent: the node takes no jobs. */
  readonly jobs?: JobsOptions & JobsPlace;
  readonly logger: Logger;
  /** A second node with the same id took the session: the process should end with exit code 78. */
  readonly onTakenOver: () => void;
  /**
   * A masks message was handed to the broker's connection, or to the outbox: once for each, whatever asked for it. For
   * what is published beside it (src/pipeline/side-outputs/side-outputs.ts). Must not throw, nor take long.
   */
  readonly onMasks?: (camera: string, message: MasksMessage, trace?: TraceContext) => void;
  /**
   * A masks message was made, for a request, a job or nobody in particular: once for each, its timing finished, also where
   * it could not be sent. Must not throw, nor take long.
   */
  readonly onAnswer?: (message: MasksMessage) => void;
  /** Stats were published: what they tell of the time since the last ones begins anew. */
  readonly onStatsPublished?: () => void;
  /** A sender was told of an error. Must not throw, nor take long. */
  readonly onRefused?: (refused: Refused) => void;
  /** The broker could not be reached, or was lost, and why. Must not throw, nor take long. */
  readonly onBrokerProblem?: (problem: string) => void;
  /**
   * `request/reload`: checks the config file, and begins to put the service together anew after this call.
   * @throws SamwireError `invalid_config`. Absent: there is no file to read again.
   */
  readonly reload?: () => Reloading;
  /** Answers that an earlier node on the same session owed when it was closed; they go first. */
  readonly owed?: readonly OutboundMessage[];
  readonly retry?: { readonly firstMs: number; readonly maxMs: number };
  readonly maxConcurrent?: number;
}
