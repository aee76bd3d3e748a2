import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, owe, waitFor } from '../integration/mqtt/harness.js';
import { startProxy } from '../integration/proxy.js';
import { BASE, ready, run, stillCamera } from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';
import { DURATIONS, LONG, TIMEOUT_MS } from './durations.js';
import { Ledger } from './ledger.js';
import { heldBy } from './process.js';
import { measured } from './report.js';
import { atRate, BOX, fastNode, statsOf, sum } from './site.js';

const { forMs, perSec } = DURATIONS.slowBroker;
const BYTES_PER_SEC = 20_000;
/** A stream of about 15 kB a frame beside the prompts: far more than the link carries. */
const STREAM = {
  encodings: ['rle', 'png'],
  track: true,
  prompts: Array.from({ length: 20 }, (_, i) => ({
    id: `t${i}`,
    box: [10 * i, 5 * i, 10 * i + 200, 5 * i + 150],
  })),
};

describe.skipIf(!LONG || brokerMissing() !== null)('a link that is slower than what is to be said', () => {
  afterEach(closeAll);

  it(
    'drops what nobody asked for, and counts it; answers come; memory is bounded',
    async () => {
      const { url, port } = await broker();
      const proxy = await startProxy(port);
      owe(() => proxy.close());
      const behind = `mqtt://127.0.0.1:${proxy.port}`;
      const cameras = { front: await stillCamera(testPicture(640, 480)) };
      const { child, log } = await run(
        await fastNode(behind, { cameras, outputs: { encodings: ['rle', 'png'], frames: 'jpeg' } }),
      );
      const watcher = await client(url);
      await ready(watcher, 'front');
      const ledger = new Ledger();
      watcher.client.on(
        'message',
        (topic, payload) => /\/(?:masks|errors)$/.test(topic) && ledger.hear(payload),
      );
      await watcher.send(`${BASE}/front/prompt`, { requestId: 'stream', maxAgeMs: 60_000, ...STREAM });
      await sleep(2000);
      const before = heldBy(child.pid ?? 0);
      proxy.throttle(BYTES_PER_SEC);
      let peakBytes = 0;
      const sampling = setInterval(() => {
        peakBytes = Math.max(peakBytes, heldBy(child.pid ?? 0).rssBytes);
      }, 250);
      owe(async () => clearInterval(sampling));
      const asked = await atRate(perSec, forMs, (index) => {
        ledger.ask(`p${index}`);
        const message = { requestId: `p${index}`, prompts: [BOX], maxAgeMs: 60_000, encodings: [] };
        void watcher.send(`${BASE}/front/prompt`, message);
      });
      // Slow, but alive: what is owed comes once the link is as it was.
      proxy.throttle(0);
      await waitFor(
        () => ledger.missing.length === 0,
        `every answer; ${ledger.missing.length} missing ${log()}`,
      );
      clearInterval(sampling);
      expect(ledger.unlike.slice(0, 1)).toEqual([]);
      const { mqtt, rssBytes } = await statsOf(url, (stats) => stats.mqtt.owedMessages === 0);
      expect(sum(mqtt.dropped)).toBe(0);
      expect(mqtt.volatileDropped).toBeGreaterThan(0);
      // 4 MiB wait in the socket at most; the rest is the heap's own ups and downs.
      expect(peakBytes - before.rssBytes).toBeLessThan(150 * 2 ** 20);
      measured({
        fault: `a link of ${BYTES_PER_SEC / 1000} kB/s under a stream of masks and JPEGs`,
        promised: 'what nobody asked for is dropped and counted; owed answers come; memory is bounded',
        figures: {
          prompts: asked,
          lost: 0,
          'median ms': ledger.latency(0.5),
          'worst ms': ledger.latency(1),
          'dropped and counted': mqtt.volatileDropped,
          'connections lost': mqtt.retries,
          'MiB before, at most, after': [before.rssBytes, peakBytes, rssBytes]
            .map((bytes) => Math.round(bytes / 2 ** 20))
            .join(', '),
        },
      });
    },
    TIMEOUT_MS,
  );
});
