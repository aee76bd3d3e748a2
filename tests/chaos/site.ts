/** What the scenarios share: a node that answers fast, its own counters, a steady load. */
import { setTimeout as sleep } from 'node:timers/promises';
import type mqtt from 'mqtt';
import { semanticModel } from '../graphs/semantics.js';
import { client } from '../integration/mqtt/harness.js';
import { BASE, configOf, semanticConfig, stillCamera } from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';

export const BOX = { id: 'box', box: [20, 15, 110, 100] };

/** A config of a node that answers within a few ms and refuses nobody for coming often. */
export async function fastNode(url: string, parts: Record<string, unknown> = {}) {
  return configOf(url, {
    cameras: { front: await stillCamera(testPicture(160, 120)) },
    model: await semanticConfig(semanticModel('sam')),
    pipeline: { queue: 2048, rateLimit: { perClientPerSec: 10_000, perCameraPerSec: 10_000 } },
    ...parts,
    log: { level: 'warn' },
  });
}

export interface NodeStats {
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly answers: number;
  readonly mqtt: {
    readonly prompts: number;
    readonly repeats: number;
    readonly answers: number;
    readonly errors: Readonly<Record<string, number>>;
    readonly dropped: Readonly<Record<string, number>>;
    readonly volatileDropped: number;
    readonly retries: number;
    readonly owedMessages: number;
    readonly owedBytes: number;
  };
}

export const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

/** The first stats that a new client hears and that fit; of a node that has come to rest they are its last. */
export async function statsOf(
  url: string,
  fits: (stats: NodeStats) => boolean = () => true,
): Promise<NodeStats> {
  const watcher = await client(url);
  const { json } = await watcher.next(
    ({ topic, json }) => topic === `${BASE}/stats` && fits(json as unknown as NodeStats),
    'fitting stats',
  );
  await watcher.client.endAsync(true);
  return json as unknown as NodeStats;
}

/** Calls `send` with 0, 1, 2, … at this pace, without drifting; resolves with how many. */
export async function atRate(perSec: number, forMs: number, send: (index: number) => void): Promise<number> {
  const startedAt = performance.now();
  let index = 0;
  while (performance.now() - startedAt < forMs) {
    while (index * 1000 <= perSec * (performance.now() - startedAt)) send(index++);
    await sleep(10);
  }
  return index;
}

export const connected = (client: mqtt.MqttClient): Promise<void> =>
  client.connected ? Promise.resolve() : new Promise((resolve) => client.once('connect', () => resolve()));
