/** A node, and clients beside it, on a real broker; everything opened here is closed by `closeAll`. */
import mqtt from 'mqtt';
import { pino } from 'pino';
import { MqttNode } from '../../../src/mqtt/node.js';
import type { MqttNodeOptions } from '../../../src/mqtt/node-options.js';
import type { MqttOptions } from '../../../src/mqtt/options.js';
import { TestService } from '../../mqtt/service.js';
import { type Broker, type BrokerOptions, startBroker } from '../broker.js';

export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly json: Record<string, unknown>;
  readonly retain: boolean;
  readonly properties: mqtt.IPublishPacket['properties'];
}

/** A client that remembers what it received, so that no message is missed between two awaits. */
export interface TestClient {
  readonly client: mqtt.MqttClient;
  readonly received: Received[];
  /** The first message, from the beginning, that `wanted` accepts. */
  next(wanted: (message: Received) => boolean, what?: string): Promise<Received>;
  on(topic: string): Promise<Received>;
  send(topic: string, payload: unknown, options?: mqtt.IClientPublishOptions): Promise<void>;
}

const WAIT_MS = 90_000;
const closers: (() => Promise<unknown>)[] = [];

export function owe(close: () => Promise<unknown>): void {
  closers.push(close);
}

export async function closeAll(): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closers.splice(0).reverse()) await close().catch((error) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

export async function broker(options: BrokerOptions = {}): Promise<Broker> {
  const started = await startBroker(options);
  owe(() => started.close());
  return started;
}

export function mqttOptions(url: string, more: Partial<MqttOptions> = {}): MqttOptions {
  return {
    url,
    protocol: 'auto',
    baseTopic: 'samwire',
    sessionExpirySec: 3600,
    answerKeepMs: 60_000,
    maxPacketBytes: 262_144,
    responseTopics: ['samwire/reply/#'],
    ...more,
  };
}

export interface TestNode {
  readonly node: MqttNode;
  readonly service: TestService;
  readonly logs: string[];
  takenOver: number;
}

/** For a node that takes jobs; those at work are not written down. */
export const JOBS = {
  group: 'default',
  inFlight: 2,
  sessionExpirySec: 3600,
  maxPacketBytes: 500_000,
  begunPath: '/dev/null/jobs.json',
} as const;

/** A started node `n1`; `logs` holds every line that it logged, at every level. */
export function startNode(
  options: MqttOptions,
  more: Partial<MqttNodeOptions> & { readonly service?: TestService } = {},
): TestNode {
  const logs: string[] = [];
  const service = more.service ?? new TestService();
  const test: TestNode = { node: undefined as never, service, logs, takenOver: 0 };
  const node = new MqttNode({
    mqtt: options,
    nodeId: 'n1',
    version: '0.1.0',
    limits: { maxPrompts: 64, maxPoints: 64 },
    statsIntervalMs: 200,
    logger: pino({ level: 'trace' }, { write: (line: string) => logs.push(line) }),
    onTakenOver: () => {
      test.takenOver += 1;
    },
    retry: { firstMs: 50, maxMs: 200 },
    ...more,
    service,
  });
  node.setNodeState({ state: 'online', backend: 'onnx', model: 'test-model' });
  node.start();
  owe(() => node.close({ timeoutMs: 500 }));
  return Object.assign(test, { node });
}

export async function waitFor(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Expected within ${WAIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A client that hears everything below `samwire/`, connected once. */
export async function client(url: string, options: mqtt.IClientOptions = {}): Promise<TestClient> {
  const connected = await mqtt.connectAsync(
    url,
    { protocolVersion: 5, reconnectPeriod: 0, connectTimeout: WAIT_MS, ...options },
    false,
  );
  owe(() => connected.endAsync(true));
  const received: Received[] = [];
  connected.on('message', (topic, payload, packet) => {
    received.push({
      topic,
      payload,
      json: asJson(payload),
      retain: packet.retain,
      properties: packet.properties,
    });
  });
  await connected.subscribeAsync('samwire/#', { qos: 1 });
  const test: TestClient = {
    client: connected,
    received,
    async next(wanted, what = 'a message') {
      await waitFor(
        () => received.some(wanted),
        `${what}; got ${received.map(({ topic }) => topic).join(', ')}`,
      );
      return received.find(wanted) as Received;
    },
    on: (topic) => test.next((message) => message.topic === topic, `a message on ${topic}`),
    async send(topic, payload, publishOptions = {}) {
      const bytes =
        typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
      await connected.publishAsync(topic, bytes, { qos: 1, ...publishOptions });
    },
  };
  return test;
}

function asJson(payload: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(payload.toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Resolves when the node has told on this connection that it is online. */
export async function online(watcher: TestClient): Promise<void> {
  await watcher.next(
    ({ topic, json }) => topic === 'samwire/n1/state' && json.state === 'online',
    'the node online',
  );
}
