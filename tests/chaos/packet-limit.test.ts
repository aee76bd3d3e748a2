import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../integration/broker.js';
import { broker, client, closeAll, type TestClient, waitFor } from '../integration/mqtt/harness.js';
import { BASE, ready, run, stillCamera } from '../integration/service/harness.js';
import { testPicture } from '../segment/picture.js';
import { LONG, TIMEOUT_MS } from './durations.js';
import { measured } from './report.js';
import { fastNode, statsOf, sum } from './site.js';

const LIMIT = 128 * 1024;
const [WIDTH, HEIGHT] = [1280, 720];
/** Masks of boxes all over the picture, in four encodings: between the broker's limit and the node's own of 256 KB. */
const LARGE = {
  maxAgeMs: 60_000,
  encodings: ['rle', 'polygons', 'png', 'lowres'],
  prompts: Array.from({ length: 60 }, (_, i) => ({
    id: `box-${i}`,
    box: [(i % 10) * 60, Math.floor(i / 10) * 40, (i % 10) * 60 + 600, Math.floor(i / 10) * 40 + 400],
  })),
};
const SMALL = { maxAgeMs: 60_000, prompts: LARGE.prompts.slice(0, 1) };

async function node(url: string, protocol: string) {
  return run(
    await fastNode(url, {
      mqtt: { url, protocol },
      cameras: { front: await stillCamera(testPicture(WIDTH, HEIGHT), 2) },
    }),
  );
}

async function answer(sender: TestClient, requestId: string, message: object) {
  await sender.send(`${BASE}/front/prompt`, { requestId, ...message });
  return sender.next(
    ({ topic, json }) => /\/(?:masks|errors)$/.test(topic) && json.requestId === requestId,
    `an answer to ${requestId}`,
  );
}

describe.skipIf(brokerMissing() !== null)('a broker that takes no packet above 128 KB', () => {
  afterEach(closeAll);

  it.skipIf(!LONG)(
    'and tells so (MQTT 5) gets smaller answers at once',
    async () => {
      const { url } = await broker({ maxPacketBytes: LIMIT });
      await node(url, '5');
      const sender = await client(url);
      await ready(sender, 'front');
      const { json, payload } = await answer(sender, 'large', LARGE);
      expect(json).toMatchObject({ degraded: 'lowres' });
      expect(payload.length).toBeLessThan(LIMIT);
      const { mqtt } = await statsOf(url);
      expect(mqtt.retries).toBe(0);
      expect(sum(mqtt.dropped)).toBe(0);
      measured({
        fault: 'a broker with a limit of 128 KB, MQTT 5',
        promised: 'answers are made smaller; no connection is lost',
        figures: { 'bytes of an answer that has more': payload.length, 'connections lost': mqtt.retries },
      });
    },
    TIMEOUT_MS,
  );

  it(
    'and does not tell (MQTT 3.1.1, it closes the connection) is found out; the sender is told, and the next answers fit',
    async () => {
      const { url } = await broker({ maxPacketBytes: LIMIT });
      const { log } = await node(url, '3.1.1');
      const sender = await client(url, { protocolVersion: 4 });
      await ready(sender, 'front');
      const sentAt = performance.now();
      const refused = await answer(sender, 'large', LARGE);
      const toldMs = Math.round(performance.now() - sentAt);
      expect(refused.json).toMatchObject({ code: 'too_large', camera: 'front' });
      expect((await answer(sender, 'small', SMALL)).json.masks).toHaveLength(1);
      const found = await statsOf(url);
      expect(found.mqtt.dropped, log()).toMatchObject({ too_large: 1, undeliverable: 0, overflow: 0 });
      expect(log()).toContain('set mqtt.maxPacketBytes');

      const fitted = await answer(sender, 'large-2', LARGE);
      expect(fitted.json).toMatchObject({ degraded: 'lowres' });
      // The kept answer is the large one: its repeat does not end the connection again.
      const errors = () => sender.received.filter(({ topic }) => topic.endsWith('/errors')).length;
      await sender.send(`${BASE}/front/prompt`, { requestId: 'large', ...LARGE });
      await waitFor(() => errors() === 2, 'the error again');
      const { mqtt } = await statsOf(url);
      expect(mqtt.retries).toBe(found.mqtt.retries);
      measured({
        fault: 'a broker with a limit of 128 KB, MQTT 3.1.1: it closes the connection over a larger packet',
        promised:
          'the limit is found out; the sender is told `too_large`, the next answers are made smaller; no endless loop',
        figures: { 'connections lost': mqtt.retries, 'told after ms': toldMs },
      });
    },
    TIMEOUT_MS,
  );
});
