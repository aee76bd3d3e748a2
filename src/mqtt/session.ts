import type { IClientPublishOptions, IConnackPacket, MqttClient } from 'mqtt';
import { type InboundMessage, type OutboundMessage, userPropertiesOf } from './messages.js';
import { type Carrier, PublishRefused } from './outbox.js';
import type { ProtocolVersion } from './protocol.js';
import { traceOf } from './trace.js';

/** Bytes that may wait in the socket before frame-rate messages are dropped. */
const MAX_SOCKET_BACKLOG_BYTES = 4 * 1024 * 1024;
/** MQTT 5's default, and what is held to on 3.1.1 as well: more in flight gains nothing. */
const MAX_WINDOW = 64;
/** The largest packet that MQTT can express. */
export const MQTT_MAX_PACKET_BYTES = 268_435_455;

/** A subscription that the broker refused. */
export interface RefusedSubscription {
  readonly filter: string;
  readonly reasonCode: number;
}

/** One accepted connection, from its CONNACK to its end. */
export interface Session extends Carrier {
  readonly protocol: ProtocolVersion;
  readonly sessionPresent: boolean;
  /** The broker's Maximum Packet Size, or MQTT's own. */
  readonly maxPacketBytes: number;
  /** The broker did not say that it has none. */
  readonly sharedSubscriptions: boolean;
  /** QoS 0: false when the message was dropped because the socket is congested. */
  publishVolatile(message: OutboundMessage): boolean;
  /**
   * Resolves with what the broker refused; rejects when the connection ends before it answers. Without `retained`,
   * what the broker holds is not delivered on MQTT 5 (Retain Handling 2), and is delivered as such on 3.1.1.
   */
  subscribe(
    filters: readonly string[],
    options?: { readonly retained?: boolean; readonly qos?: 0 | 1 },
  ): Promise<readonly RefusedSubscription[]>;
  /** Never rejects: with the connection the subscriptions of a clean session end as well. */
  unsubscribe(filters: readonly string[]): Promise<void>;
}

export function createSession(
  client: MqttClient,
  connack: IConnackPacket,
  protocol: ProtocolVersion,
): Session {
  const { properties = {} } = connack;
  const qos = properties.maximumQoS === 0 ? 0 : 1;
  const mayRetain = properties.retainAvailable !== false;

  function publishOptions(message: OutboundMessage): IClientPublishOptions {
    return {
      retain: mayRetain && (message.retain ?? false),
      ...(protocol === '5' ? { properties: packetProperties(message) } : {}),
    };
  }

  return {
    protocol,
    sessionPresent: connack.sessionPresent,
    window: Math.min(properties.receiveMaximum ?? MAX_WINDOW, MAX_WINDOW),
    maxPacketBytes: properties.maximumPacketSize ?? MQTT_MAX_PACKET_BYTES,
    sharedSubscriptions: protocol === '5' && properties.sharedSubscriptionAvailable !== false,
    publish(message, { repeated }) {
      return new Promise((resolve, reject) => {
        const options = { ...publishOptions(message), qos, dup: repeated && qos > 0 } as const;
        client.publish(message.topic, message.payload, options, (error) => {
          if (error) reject(publishError(error));
          else resolve();
        });
      });
    },
    publishVolatile(message) {
      if (client.stream.writableLength > MAX_SOCKET_BACKLOG_BYTES) return false;
      client.publish(message.topic, message.payload, { ...publishOptions(message), qos: 0 });
      return true;
    },
    subscribe(filters, { retained = false, qos = 1 } = {}) {
      return new Promise((resolve, reject) => {
        const options = { qos, rh: retained ? 0 : 2 };
        const requests = Object.fromEntries(filters.map((filter) => [filter, options]));
        client.subscribe(requests, (error, _requests, suback) => {
          if (suback === undefined) {
            reject(error ?? new Error('The broker did not answer the subscription.'));
            return;
          }
          const codes = suback.granted.map(Number);
          resolve(
            filters.flatMap((filter, index) => {
              const reasonCode = codes[index] ?? 0x80;
              return reasonCode < 0x80 ? [] : [{ filter, reasonCode }];
            }),
          );
        });
      });
    },
    unsubscribe(filters) {
      return new Promise((resolve) => client.unsubscribe([...filters], () => resolve()));
    },
  };
}

function publishError(error: Error & { readonly code?: unknown }): Error {
  return typeof error.code === 'number' && error.code >= 0x80
    ? new PublishRefused(error.message, error.code)
    : error;
}

function packetProperties({ properties = {} }: OutboundMessage): IClientPublishOptions['properties'] {
  const { responseTopic, correlationData, expirySec } = properties;
  const userProperties = { ...userPropertiesOf(properties) };
  return {
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(Object.keys(userProperties).length === 0 ? {} : { userProperties }),
    ...(expirySec === undefined ? {} : { messageExpiryInterval: expirySec }),
  };
}

/** A PUBLISH from the broker, as the rest of the program knows it. */
export function inboundMessage(
  packet: {
    readonly topic: string;
    readonly payload: string | Buffer;
    readonly retain: boolean;
    readonly properties?: {
      readonly messageExpiryInterval?: number;
      readonly responseTopic?: string;
      readonly correlationData?: Buffer;
      readonly userProperties?: NonNullable<InboundMessage['userProperties']>;
    };
  },
  receivedAtMs: number,
): InboundMessage {
  const { messageExpiryInterval, responseTopic, correlationData, userProperties } = packet.properties ?? {};
  const trace = traceOf(userProperties);
  return {
    topic: packet.topic,
    payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
    retain: packet.retain,
    receivedAtMs,
    ...(messageExpiryInterval === undefined
      ? {}
      : { expiresAtMs: receivedAtMs + messageExpiryInterval * 1000 }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    ...(trace === undefined ? {} : { trace }),
    ...(userProperties === undefined ? {} : { userProperties }),
  };
}
