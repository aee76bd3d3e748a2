import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, waitFor } from '../integration/mqtt/harness.js';
import { ready, run } from '../integration/service/harness.js';
import { DURATIONS, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { plainClient } from './plain-client.js';
import { measured } from './report.js';
import { atRate, BOX, connected, fastNode, statsOf, sum } from './site.js';

const { times, upMs, downMs, perSec } = DURATIONS.brokerStopped;
/** Room for what comes while one side is away: Mosquitto's own is 1000 messages a client. */
const ROOM = ['max_queued_messages 0', 'max_inflight_messages 100'];

describe.skipIf(brokerMissing() !== null)(
  'a broker that is stopped by SIGTERM and keeps its sessions on disk',
  () => {
    afterEach(closeAll);

    it(
      'loses nothing, though nobody sends anything twice',
      async () => {
        const stopped = await broker({ persistence: true, extraLines: ROOM });
        const { log } = await run(await fastNode(stopped.url));
        await ready(await client(stopped.url), 'front');
        const before = await statsOf(stopped.url);
        const ledger = new Ledger();
        const senders = ([5, 4] as const).map((version) =>
          plainClient({
            url: stopped.url,
            version,
            ledger,
            retryMs: 0,
            session: true,
            id: `session-${version}`,
          }),
        );
        await Promise.all(senders.map((sender) => connected(sender.mqtt)));
        await sleep(200);

        const stopAndStart = async (): Promise<void> => {
          for (let i = 0; i < times; i++) {
            await sleep(upMs);
            await stopped.stop();
            await sleep(downMs);
            await stopped.start();
          }
        };
        const [asked] = await Promise.all([
          atRate(perSec, times * (upMs + downMs), (index) => {
            const id = `p${index}`;
            ledger.ask(id);
            senders[index % 2]?.prompt(id, { prompts: [BOX], maxAgeMs: 60_000 });
          }),
          stopAndStart(),
        ]);
        await waitFor(() => ledger.missing.length === 0, `every answer; ${log()}`);

        expect(ledger.unlike.slice(0, 2)).toEqual([]);
        const stats = await statsOf(stopped.url, ({ mqtt }) => mqtt.owedMessages === 0);
        expect(stats.mqtt.answers - before.mqtt.answers + sum(stats.mqtt.errors), log()).toBe(asked);
        // The broker itself delivers some twice: those that it had no acknowledgement of.
        expect(stats.mqtt.prompts - before.mqtt.prompts).toBe(asked + stats.mqtt.repeats);
        expect(sum(stats.mqtt.dropped)).toBe(0);
        expect(ledger.withMasks).toBeGreaterThan(asked / 2);
        measured({
          fault: 'the broker is stopped (SIGTERM) and started again, with persistence',
          promised: 'nothing is lost without any retry: QoS 1, sessions kept on both sides',
          figures: {
            stops: times,
            requests: asked,
            lost: ledger.missing.length,
            'delivered twice by the broker': stats.mqtt.repeats,
            'median ms': ledger.latency(0.5),
            'worst ms': ledger.latency(1),
          },
        });
      },
      TIMEOUT_MS,
    );
  },
);
