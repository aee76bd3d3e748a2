import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, owe, type TestClient, waitFor } from '../integration/mqtt/harness.js';
import { startProxy } from '../integration/proxy.js';
import { BASE, ready, run } from '../integration/service/harness.js';
import { LONG, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { measured } from './report.js';
import { BOX, fastNode, statsOf, sum } from './site.js';

/** The broker's to say with MQTT 5, 10 s being the least that Mosquitto takes; without it the node's own 20 s hold. */
const SHORTER_KEEP_ALIVE = ['max_keepalive 10'];

/** Sends so many prompts and resolves with their ids. */
async function ask(sender: TestClient, ledger: Ledger, ids: readonly string[]): Promise<void> {
  for (const requestId of ids) {
    ledger.ask(requestId);
    await sender.send(`${BASE}/front/prompt`, { requestId, prompts: [BOX], maxAgeMs: 120_000 });
  }
}

const ids = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe.skipIf(brokerMissing() !== null)('a connection on which nothing arrives any more', () => {
  afterEach(closeAll);

  it.each([
    { protocol: '5', keepAliveSec: 10, extraLines: SHORTER_KEEP_ALIVE },
    ...(LONG ? [{ protocol: '3.1.1', keepAliveSec: 20, extraLines: [] }] : []),
  ])(
    'is noticed within the keep-alive, and costs neither an answer nor a second one (MQTT $protocol)',
    async ({ protocol, keepAliveSec, extraLines }) => {
      const { url, port } = await broker({ extraLines });
      const proxy = await startProxy(port);
      owe(() => proxy.close());
      const behind = `mqtt://127.0.0.1:${proxy.port}`;
      const { log } = await run(await fastNode(behind, { mqtt: { url: behind, protocol } }));
      const sender = await client(url);
      await ready(sender, 'front');
      const ledger = new Ledger();
      sender.client.on(
        'message',
        (topic, payload) => /\/(?:masks|errors)$/.test(topic) && ledger.hear(payload),
      );
      await ask(sender, ledger, ids('before', 5));
      await waitFor(() => ledger.missing.length === 0, 'the answers of before');
      const before = await statsOf(url);

      // Some are on their way to the node, or their answers on their way back.
      await ask(sender, ledger, ids('during', 5));
      proxy.freeze();
      const frozenAt = performance.now();
      await ask(sender, ledger, ids('frozen', 20));
      await waitFor(() => proxy.connections() === 2, `a new connection; ${log()}`);
      const noticedMs = performance.now() - frozenAt;
      await waitFor(() => ledger.missing.length === 0, `every answer; ${ledger.missing} ${log()}`);
      const backMs = performance.now() - frozenAt;

      // The client library looks every half keep-alive, and gives up after one and a half.
      expect(noticedMs).toBeLessThan((1.5 * keepAliveSec + 10) * 1000);
      expect(ledger.unlike.slice(0, 1)).toEqual([]);
      const after = await statsOf(url, ({ mqtt }) => mqtt.owedMessages === 0);
      expect(after.mqtt.answers - before.mqtt.answers + sum(after.mqtt.errors)).toBe(25);
      expect(sum(after.mqtt.dropped)).toBe(0);

      // Two subscriptions, or two connections, would bring each of these twice.
      const heard = ledger.heard;
      await ask(sender, ledger, ids('after', 20));
      await waitFor(() => ledger.missing.length === 0, 'the answers of after');
      const last = await statsOf(url, ({ mqtt }) => mqtt.prompts >= after.mqtt.prompts + 20);
      expect(ledger.heard - heard).toBe(20);
      expect(last.mqtt.prompts - after.mqtt.prompts).toBe(20);
      expect(last.mqtt.repeats).toBe(after.mqtt.repeats);
      expect(last.mqtt.retries).toBe(1);
      measured({
        fault: `half-open TCP: a proxy drops everything and tells nobody (MQTT ${protocol}, keep-alive ${keepAliveSec} s)`,
        promised: 'noticed within the keep-alive; owed answers come; no double subscription',
        figures: {
          'new connection after ms': Math.round(noticedMs),
          'every answer after ms': Math.round(backMs),
          'prompts meanwhile': 25,
          lost: 0,
        },
      });
    },
    TIMEOUT_MS,
  );
});
