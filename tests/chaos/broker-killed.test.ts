import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, isClientError } from '../../src/client/client.js';
import { type Broker, brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { BASE, ready, run } from '../integration/service/harness.js';
import { DURATIONS, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { plainClient } from './plain-client.js';
import { measured } from './report.js';
import { atRate, BOX, fastNode, statsOf, sum } from './site.js';

const { forMs, everyMs, perSec } = DURATIONS.brokerKilled;
const PROMPT = { prompts: [BOX], maxAgeMs: 60_000 };
/** Longer than the whole scenario: nobody gives up. */
const PATIENCE_MS = forMs + 60_000;

/** Hears all answers of the node, whoever asked, and reconnects. */
function observer(url: string, ledger: Ledger): void {
  const ears = mqtt.connect(url, { protocolVersion: 5, reconnectPeriod: 100, connectTimeout: 2000 });
  owe(() => ears.endAsync(true));
  ears.on('error', () => {});
  ears.on('connect', () =>
    ears.subscribe([`${BASE}/+/masks`, `${BASE}/+/errors`, 'samwire/reply/#'], { qos: 1 }),
  );
  ears.on('message', (_topic, payload) => ledger.hear(payload));
}

/** Kills the broker at this pace, and starts it at once; resolves with how often. */
async function killAgainAndAgain(victim: Broker): Promise<number> {
  const endAt = performance.now() + forMs;
  let kills = 0;
  while (performance.now() + everyMs <= endAt) {
    await sleep(everyMs);
    await victim.kill();
    await victim.start();
    kills += 1;
  }
  return kills;
}

/** `samwire/client`, which does the repeating itself; each request's outcome is told. */
function samwireClient(url: string) {
  const samwire = connect({ url, node: 'n1' });
  owe(() => samwire.close());
  const outcomes: Promise<string>[] = [];
  return {
    outcomes,
    prompt: (requestId: string) =>
      outcomes.push(
        samwire
          .prompt('front', { requestId, ...PROMPT } as never, { timeoutMs: PATIENCE_MS, retryMs: 1000 })
          .then(
            () => 'masks',
            (error: unknown) => (isClientError(error) ? error.code : Promise.reject(error)),
          ),
      ),
  };
}

describe.skipIf(brokerMissing() !== null)('a broker that is killed again and again', () => {
  afterEach(closeAll);

  it(
    'costs no request its answer, and no prompt is run twice',
    async () => {
      const victim = await broker();
      const watcher = await client(victim.url);
      const { log } = await run(await fastNode(victim.url));
      await ready(watcher, 'front');
      const before = await statsOf(victim.url);
      const ledger = new Ledger();
      observer(victim.url, ledger);
      const samwire = samwireClient(victim.url);
      const plain = ([5, 4] as const).map((version) =>
        plainClient({
          url: victim.url,
          version,
          ledger,
          retryMs: 1000,
          id: `plain-${version}`,
          onceMoreMs: 1500,
        }),
      );

      const [asked, kills] = await Promise.all([
        atRate(perSec, forMs, (index) => {
          const id = `p${index}`;
          ledger.ask(id);
          if (index % 2 === 0) samwire.prompt(id);
          else plain[(index >> 1) % 2]?.prompt(id, PROMPT);
        }),
        killAgainAndAgain(victim),
      ]);
      const outcomes = await Promise.all(samwire.outcomes);
      // Repeats of answers that are there.
      await sleep(2000);
      // An answer that only samwire/client has heard is not sent again for the others.
      const missing = (): string[] => ledger.missing.filter((id) => Number(id.slice(1)) % 2 === 1);
      const connections = (): string => plain.map(({ mqtt }) => mqtt.connected).join();
      await waitFor(() => missing().length === 0, 'every answer of plain clients').catch(
        async (error: Error) => {
          const { mqtt } = await statsOf(victim.url);
          throw new Error(
            `${error.message}; ${missing().length} missing of ${asked}: ${missing().slice(0, 20)}; connected: ${connections()}; ${JSON.stringify(mqtt)} ${log()}`,
          );
        },
      );

      expect(outcomes.filter((outcome) => outcome === 'timeout')).toEqual([]);
      expect(ledger.unlike.slice(0, 2)).toEqual([]);
      const stats = await statsOf(victim.url, ({ mqtt }) => mqtt.owedMessages === 0);
      const runs = stats.mqtt.answers - before.mqtt.answers;
      const errors = sum(stats.mqtt.errors) - sum(before.mqtt.errors);
      // Each was run at least once, since each was answered: so none was run twice.
      expect(runs + errors, log()).toBe(asked);
      expect(stats.answers - before.answers).toBe(runs);
      expect(stats.mqtt.prompts - before.mqtt.prompts).toBe(asked + stats.mqtt.repeats - before.mqtt.repeats);
      expect(sum(stats.mqtt.dropped)).toBe(0);
      // A machine that is very busy may refuse some; errors are final answers, but masks are what it is about.
      expect(runs).toBeGreaterThan(asked / 2);
      measured({
        fault: 'the broker is killed (SIGKILL) again and again, and keeps nothing',
        promised:
          'every request gets its final answer by the repeats of its sender; repeats are identical; no prompt runs twice',
        figures: {
          kills,
          requests: asked,
          errors,
          repeats: stats.mqtt.repeats,
          'answers heard': ledger.heard,
          'median ms': ledger.latency(0.5),
          'p99 ms': ledger.latency(0.99),
          'worst ms': ledger.latency(1),
          'reconnections of the node': stats.mqtt.retries - before.mqtt.retries,
        },
      });
    },
    TIMEOUT_MS,
  );
});
