/** Messages as they come from and go to the broker, free of the client library. */
import { type TraceContext, traceProperties } from './trace.js';

export interface InboundMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** True for what the broker held, not for what was just published (docs/mqtt.md, "Retained input"). */
  readonly retain: boolean;
  /** ms since the Unix epoch. */
  readonly receivedAtMs: number;
  /** When the message's expiry interval ends, ms since the Unix epoch. MQTT 5. */
  readonly expiresAtMs?: number;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** Of the user properties `traceparent` and `tracestate`, where they are valid. */
  readonly trace?: TraceContext;
  /** As they came; a name that came more than once has all its values. MQTT 5. */
  readonly userProperties?: Readonly<Record<string, string | readonly string[]>>;
}

export interface MessageProperties {
  /** Where the sender of a request wants its answer. */
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** As user properties, besides those of `userProperties`. */
  readonly trace?: TraceContext;
  /** What an answer of pixels says about itself, such as `seq`. */
  readonly userProperties?: Readonly<Record<string, string>>;
  /** After this long without having been delivered the broker drops it. */
  readonly expirySec?: number;
}

export interface OutboundMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain?: boolean;
  /** Left out on MQTT 3.1.1. */
  readonly properties?: MessageProperties;
}

/**
 * Bytes of a PUBLISH packet besides its payload, rounded up: fixed header with the longest remaining length, topic,
 * packet identifier, and the properties (MQTT 5, 3.3).
 */
export function packetOverheadBytes({ topic, properties = {} }: Omit<OutboundMessage, 'payload'>): number {
  const { responseTopic, correlationData, expirySec } = properties;
  return (
    5 +
    (2 + Buffer.byteLength(topic)) +
    2 +
    4 +
    (responseTopic === undefined ? 0 : 3 + Buffer.byteLength(responseTopic)) +
    (correlationData === undefined ? 0 : 3 + correlationData.length) +
    (expirySec === undefined ? 0 : 1 + 4) +
    Object.entries(userPropertiesOf(properties)).reduce(
      (sum, [name, value]) => sum + 5 + Buffer.byteLength(name) + Buffer.byteLength(value),
      0,
    )
  );
}

/** All user properties of a packet. */
export function userPropertiesOf({
  trace,
  userProperties = {},
}: MessageProperties): Readonly<Record<string, string>> {
  return { ...userProperties, ...traceProperties(trace) };
}
