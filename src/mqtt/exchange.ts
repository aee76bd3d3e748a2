import type { Logger } from 'pino';
import { type ErrorCode, SamwireError } from '../errors.js';
import type { MasksMessage } from '../masks/types.js';
import { rendered } from '../prompts/json.js';
import type { Counters } from './counters.js';
import type { MessageProperties, OutboundMessage } from './messages.js';
import type { AddOptions } from './outbox.js';
import type { ReplyRules } from './replies.js';
import type { Reloading, SegmentService } from './service.js';
import type { NodeTopics } from './topics.js';
import type { TraceContext } from './trace.js';

/** What the handlers of prompts and requests share. */
export interface Exchange {
  readonly topics: NodeTopics;
  readonly service: SegmentService;
  readonly counters: Counters;
  readonly logger: Logger;
  readonly replyRules: ReplyRules;
  /** Larger messages are refused unread. */
  readonly maxMessageBytes: number;
  /** Owes the message to the broker (QoS 1). */
  readonly deliver: (message: OutboundMessage, options?: Pick<AddOptions, 'onOutcome' | 'repeat'>) => void;
  /** A masks message has gone to the camera's masks topic; not called for a kept answer that is sent again. */
  readonly onMasks: (camera: string, message: MasksMessage, trace?: TraceContext) => void;
  /** An answer is made, its timing finished, wherever it goes: once for each, not for a repeat. */
  readonly onAnswer: (message: MasksMessage) => void;
  /** A sender is told of an error. */
  readonly onRefused: (refused: Refused) => void;
  /** `MqttNodeOptions.reload`. */
  readonly reload: (() => Reloading) | undefined;
  /** Bytes of payload that fit into one packet on the present connection, or on the last one. */
  readonly maxPayloadBytes: (target: Target) => number;
}

/** A place that an answer goes to. */
export interface Target {
  readonly topic: string;
  readonly properties: MessageProperties;
}

/** An error that a sender was told of. */
export interface Refused {
  readonly code: ErrorCode;
  readonly message: string;
  readonly camera?: string;
}

/** Counts an error that a sender is told of, about a camera where `camera` names one; what is our own fault is logged as such. */
export function noteError(
  { counters, logger, onRefused }: Exchange,
  error: SamwireError,
  camera?: string,
): void {
  counters.errors[error.code] += 1;
  onRefused({ code: error.code, message: error.message, ...(camera === undefined ? {} : { camera }) });
  if (error.code === 'internal') logger.error({ err: error }, 'internal error');
  else logger.debug({ code: error.code, problem: error.message }, 'request refused');
}

export function unknownCamera(camera: string, names: readonly string[], path = 'topic'): SamwireError {
  const expected = names.length === 0 ? 'a camera (none is configured)' : `one of ${names.join(', ')}`;
  return new SamwireError('unknown_camera', `Expected ${expected}, got ${rendered(camera)}.`, {
    details: [{ path, expected, got: rendered(camera) }],
  });
}
