/** Floods of messages that a sender may send: the real service's memory stays bounded, and others are answered meanwhile. */
import { readFileSync } from 'node:fs';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, owe, waitFor } from '../mqtt/harness.js';
import { BASE, configOf, directory, run } from '../service/harness.js';

afterEach(closeAll);

/** SAMWIRE_FLOOD: messages of each kind; the figure of docs/reliability.md is of 3000. */
const COUNT = Number(process.env.SAMWIRE_FLOOD ?? 500);
const ALLOWED_MB = 250;

const deep = `${'{"prompts":['.repeat(5000)}1${']}'.repeat(5000)}`;
const box = [1, 2, 30, 40];

/** Each with ids that were never seen before; the n-th of its kind. */
const KINDS: readonly (readonly [what: string, topic: string, payload: (n: number) => string])[] = [
  [
    'prompts',
    `${BASE}/front/prompt`,
    (n) =>
      JSON.stringify({ requestId: `r${n}`, prompts: [{ id: `p${n}`, box, label: `l${n}` }], track: true }),
  ],
  ['prompts that are no JSON', `${BASE}/front/prompt`, (n) => `{${n}`],
  [
    'prompts for cameras that are not there',
    `${BASE}/c/prompt`,
    (n) => JSON.stringify({ requestId: `x${n}`, box }),
  ],
  ['deep JSON', `${BASE}/front/prompt`, () => deep],
  [
    'detections',
    `${BASE}/front/detections`,
    (n) => JSON.stringify({ detections: [{ id: `d${n}`, box, label: `l${n}`, score: 0.9 }] }),
  ],
  ['requests', `${BASE}/request/info`, (n) => JSON.stringify({ transaction: `t${n}` })],
  ['requests of no verb', `${BASE}/request/none`, (n) => JSON.stringify({ transaction: `u${n}` })],
];

const rssMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe.skipIf(brokerMissing() !== null)('a flood of messages', () => {
  it('costs bounded memory, and who asks meanwhile is answered', async () => {
    const { url } = await broker();
    const service = await run(
      configOf(url, {
        cameras: {
          front: { source: 'test://ball', width: 64, height: 48, fps: 5, detections: { track: true } },
        },
        model: { cache: await directory(), threads: 1 },
        log: { level: 'warn' },
      }),
    );
    const asker = await client(url);
    await waitFor(
      () =>
        asker.received.some(
          ({ topic, json }) => topic === `${BASE}/front/state` && json.state === 'streaming',
        ),
      'the camera',
    );
    await waitFor(
      () => asker.received.some(({ topic, json }) => topic === `${BASE}/state` && json.state === 'online'),
      'the node online',
    );
    await asker.client.unsubscribeAsync('samwire/#');
    await asker.client.subscribeAsync('samwire/reply/asker', { qos: 1 });
    const flooder = await mqtt.connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0 });
    owe(() => flooder.endAsync(true));
    const pid = service.child.pid as number;
    const before = rssMb(pid);
    const grown: string[] = [];
    for (const [what, topic, payload] of KINDS) {
      const count = payload(0).length > 10_000 ? COUNT / 10 : COUNT;
      for (let n = 0; n < count; n += 1)
        flooder.publish(topic, payload(n), { qos: 0, properties: { responseTopic: `samwire/reply/f${n}` } });
      await flooder.publishAsync(topic, 'x'.repeat(1_000_000), { qos: 1 });
      const transaction = `after-${what.replaceAll(' ', '-')}`;
      const answered = () => asker.received.some(({ json }) => json.transaction === transaction);
      // The broker drops what it can't queue for the node, so the asker repeats, as clients do.
      const ask = (): void =>
        void asker
          .send(
            `${BASE}/request/info`,
            { transaction },
            { properties: { responseTopic: 'samwire/reply/asker' } },
          )
          .catch(() => undefined);
      ask();
      const again = setInterval(ask, 2000);
      await waitFor(answered, `the answer ${transaction}`).finally(() => clearInterval(again));
      grown.push(`${what}: ${Math.round(rssMb(pid) - before)} MB`);
    }
    if (process.env.SAMWIRE_FLOOD)
      console.info(`RSS ${Math.round(before)} MB before; above it after ${grown.join(', ')}`);
    expect(rssMb(pid) - before, grown.join(', ')).toBeLessThan(ALLOWED_MB);
  }, 300_000);
});
