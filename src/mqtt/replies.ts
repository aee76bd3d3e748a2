/** Where an answer goes besides its own topic: MQTT 5's Response Topic, held against the rules of docs/mqtt.md. */
import { SamwireError } from '../errors.js';
import { invalidMessage, rendered } from '../prompts/json.js';
import type { InboundMessage, MessageProperties } from './messages.js';
import { matchesFilter } from './topics.js';
import type { TraceContext } from './trace.js';

export interface ReplyRules {
  /** `mqtt.responseTopics`. */
  readonly allowed: readonly string[];
  /** The filters that the node subscribes to: an answer there would be a request to itself. */
  readonly subscriptions: readonly string[];
}

/**
 * A broker hands on response topics that it ends the connection for when somebody publishes there (Mosquitto 2.0.11:
 * above 200 slashes), so that one message would cut the node off. These bounds are below the broker's.
 */
const MAX_TOPIC_BYTES = 4096;
const MAX_TOPIC_LEVELS = 128;
/** MQTT 5, 1.5.4: brokers may end the connection for control characters and for what Unicode says is no character. */
const NOT_FOR_TOPICS = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;

/** The sender's own topic for the answer. */
export interface ReplyAddress {
  readonly topic: string;
  readonly properties: MessageProperties;
}

/**
 * The message's reply address; null when it asks for none.
 * @throws SamwireError `invalid_message` when the response topic is not one that answers may go to.
 */
export function replyAddress(
  message: Pick<InboundMessage, 'responseTopic' | 'correlationData' | 'trace'>,
  rules: ReplyRules,
): ReplyAddress | null {
  const { responseTopic } = message;
  if (responseTopic === undefined) return null;
  const expected = responseTopicFault(responseTopic, rules);
  if (expected !== null) {
    throw invalidMessage([{ path: 'Response Topic', expected, got: rendered(responseTopic) }]);
  }
  return { topic: responseTopic, properties: answerProperties(message) };
}

/** What an answer on the sender's own topic carries. */
export function answerProperties({
  correlationData,
  trace,
}: Pick<InboundMessage, 'correlationData' | 'trace'>): MessageProperties {
  return {
    ...(correlationData === undefined ? {} : { correlationData }),
    ...publicProperties({ trace }),
  };
}

/** What an answer carries on a topic that everybody may read. */
export function publicProperties({
  trace,
}: {
  readonly trace?: TraceContext | undefined;
}): MessageProperties {
  return trace === undefined ? {} : { trace };
}

function responseTopicFault(topic: string, { allowed, subscriptions }: ReplyRules): string | null {
  if (topic === '') return 'a topic';
  if (NOT_FOR_TOPICS.test(topic)) return 'a topic without control characters';
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES || topic.split('/').length > MAX_TOPIC_LEVELS) {
    return `a topic of at most ${MAX_TOPIC_BYTES} bytes and ${MAX_TOPIC_LEVELS} levels`;
  }
  if (/[+#]/.test(topic)) return 'a topic without a wildcard';
  if (topic.startsWith('$')) return 'a topic that does not begin with $';
  if (subscriptions.some((filter) => matchesFilter(filter, topic))) {
    return 'a topic that the node does not subscribe to';
  }
  if (!allowed.some((filter) => matchesFilter(filter, topic))) {
    const filters = allowed.length === 0 ? 'none' : allowed.join(', ');
    return `a topic that mqtt.responseTopics allows (${filters})`;
  }
  return null;
}

/** @throws SamwireError `expired` when the message's expiry interval ended before it was begun. */
export function checkExpiry({ expiresAtMs }: Pick<InboundMessage, 'expiresAtMs'>, nowMs: number): void {
  if (expiresAtMs === undefined || nowMs <= expiresAtMs) return;
  const lateMs = Math.round(nowMs - expiresAtMs);
  throw new SamwireError('expired', `The message expired ${lateMs} ms before it could be begun.`);
}
