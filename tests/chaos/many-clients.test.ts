import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll } from '../integration/mqtt/harness.js';
import { BASE, ready, run } from '../integration/service/harness.js';
import { DURATIONS, TIMEOUT_MS } from './durations.js';
import { heldBy } from './process.js';
import { measured } from './report.js';
import { BOX, fastNode, statsOf, sum } from './site.js';

const { clients, rounds } = DURATIONS.manyClients;
/** Connections that are made at a time. */
const AT_ONCE = 50;

/** Connects anew with a response topic that was never there before, asks, hears the answer and goes. */
async function visit(url: string, name: string): Promise<'masks' | string> {
  const topic = `samwire/reply/${name}`;
  const visitor = await mqtt.connectAsync(
    url,
    { clientId: name, protocolVersion: 5, reconnectPeriod: 0 },
    false,
  );
  try {
    await visitor.subscribeAsync(topic, { qos: 1 });
    const answered = new Promise<Buffer>((resolve) =>
      visitor.once('message', (_, payload) => resolve(payload)),
    );
    const message = { requestId: name, prompts: [BOX], maxAgeMs: 60_000 };
    await visitor.publishAsync(`${BASE}/front/prompt`, JSON.stringify(message), {
      qos: 1,
      properties: { responseTopic: topic, correlationData: Buffer.from(name) },
    });
    const answer = JSON.parse((await answered).toString()) as { requestId?: string; code?: string };
    expect(answer.requestId).toBe(name);
    return answer.code ?? 'masks';
  } finally {
    await visitor.endAsync(true);
  }
}

async function round(url: string, number: number): Promise<string[]> {
  const names = Array.from({ length: clients }, (_, i) => `c${number}-${i}`);
  const outcomes: string[] = [];
  const worker = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop())
      outcomes.push(await visit(url, name));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return outcomes;
}

describe.skipIf(brokerMissing() !== null)('many clients that connect anew for each request', () => {
  afterEach(closeAll);

  it(
    'are all answered on their own topics, and nothing of them is kept for long',
    async () => {
      const { url } = await broker();
      const watcher = await client(url);
      const { child, log } = await run(
        // Nothing is kept for repeats, so that what grows is a leak.
        await fastNode(url, { mqtt: { url, answerKeepMs: 0 } }),
      );
      await ready(watcher, 'front');
      await watcher.client.endAsync(true);
      const memory: number[] = [];
      const outcomes: string[] = [];
      for (let i = 0; i < rounds; i++) {
        outcomes.push(...(await round(url, i)));
        await sleep(500);
        memory.push(Math.round(heldBy(child.pid ?? 0).rssBytes / 2 ** 20));
      }
      expect(outcomes).toHaveLength(clients * rounds);
      expect(outcomes.filter((outcome) => outcome !== 'masks').slice(0, 3), log()).toEqual([]);
      const { mqtt: link } = await statsOf(url, ({ mqtt }) => mqtt.owedMessages === 0);
      expect(sum(link.dropped)).toBe(0);
      expect(link.retries).toBe(0);
      // The first quarter fills what is bounded, and the heap goes up and down: 5 KB a visit would show in the full form.
      const mean = (from: number, to: number): number => {
        const part = memory.slice(Math.floor(from * rounds), Math.floor(to * rounds));
        return part.reduce((total, mib) => total + mib, 0) / part.length;
      };
      expect(mean(0.75, 1) - mean(0.25, 0.5), memory.join()).toBeLessThan(40);
      measured({
        fault: `${clients} clients reconnect ${rounds} times, with a response topic of their own each time`,
        promised:
          'each is answered on its own topic; memory of the node and what it knows of clients are bounded',
        figures: { visits: outcomes.length, 'MiB after each round': memory.join(' ') },
      });
    },
    TIMEOUT_MS,
  );
});
