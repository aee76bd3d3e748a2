import mqtt from 'mqtt';
import { owe } from '../integration/mqtt/harness.js';
import { BASE } from '../integration/service/harness.js';
import type { Ledger } from './ledger.js';

export interface PlainClientOptions {
  readonly url: string;
  readonly version: 4 | 5;
  readonly ledger: Ledger;
  /** A request without an answer is sent again after this time, then after twice, four and eight times as long; 0: never. */
  readonly retryMs: number;
  /** Sends every request once more after this time, as one that lost its answer would. */
  readonly onceMoreMs?: number;
  /** Keeps its session at the broker. */
  readonly session?: boolean;
  readonly id: string;
  readonly camera?: string;
}

/** What a robot's programmer writes in an afternoon: reconnects, and sends a request again until it is answered. */
export interface PlainClient {
  readonly mqtt: mqtt.MqttClient;
  prompt(requestId: string, message: object): void;
}

interface Open {
  readonly payload: string;
  pauseMs: number;
  dueAt: number;
}

/** Answers are heard on its own topic with MQTT 5, with 3.1.1 on the camera's. */
export function plainClient(options: PlainClientOptions): PlainClient {
  const { url, version, ledger, retryMs, session = false, id, camera = 'front', onceMoreMs } = options;
  const replyTopic = `samwire/reply/${id}`;
  const client = mqtt.connect(url, {
    clientId: id,
    protocolVersion: version,
    clean: !session,
    reconnectPeriod: 100,
    connectTimeout: 2000,
    ...(session && version === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  });
  owe(() => client.endAsync(true));
  const open = new Map<string, Open>();
  const publish = (payload: string): void => {
    const properties = { responseTopic: replyTopic, correlationData: Buffer.from(id) };
    client.publish(`${BASE}/${camera}/prompt`, payload, { qos: 1, ...(version === 5 ? { properties } : {}) });
  };
  const again = (which: 'all' | 'due'): void => {
    if (!client.connected) return;
    const now = performance.now();
    for (const [requestId, request] of open) {
      if (ledger.answered(requestId)) open.delete(requestId);
      else if (which === 'all' || request.dueAt <= now) {
        publish(request.payload);
        request.pauseMs = Math.min(2 * request.pauseMs, 8 * retryMs);
        request.dueAt = now + request.pauseMs;
      }
    }
  };
  client.on('error', () => {});
  client.on('connect', () => {
    const topics = version === 5 ? [replyTopic] : [`${BASE}/${camera}/masks`, `${BASE}/${camera}/errors`];
    client.subscribe(topics, { qos: 1 }, () => retryMs > 0 && again('all'));
  });
  client.on('message', (_topic, payload) => ledger.hear(payload));
  if (retryMs > 0) {
    const timer = setInterval(again, retryMs / 4, 'due');
    owe(async () => clearInterval(timer));
  }
  return {
    mqtt: client,
    prompt(requestId, message) {
      const payload = JSON.stringify({ requestId, ...message });
      open.set(requestId, { payload, pauseMs: retryMs, dueAt: performance.now() + retryMs });
      // While it is away the library keeps it.
      publish(payload);
      if (onceMoreMs !== undefined)
        setTimeout(() => client.connected && publish(payload), onceMoreMs).unref();
    },
  };
}
