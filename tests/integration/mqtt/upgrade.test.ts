/** What an older node left at the broker, and a newer one finds: its session, what waits in it, and retained states. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/native/addon.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, mqttOptions, startNode, type TestClient, waitFor } from './harness.js';

const V1 = join(PACKAGE_ROOT, 'tests/compat/v1');
const PROMPTS = JSON.parse(readFileSync(join(V1, 'prompts.json'), 'utf8')) as readonly {
  readonly name: string;
  readonly message: Record<string, unknown>;
}[];
/** Subscriptions of a node that was; this version knows nothing of the third. */
const OLD_FILTERS = ['samwire/n1/+/prompt', 'samwire/n1/request/+', 'samwire/n1/+/undo/#'];

afterEach(closeAll);

async function olderNode(url: string, protocolVersion: 4 | 5): Promise<void> {
  const older = await mqtt.connectAsync(url, {
    clientId: 'samwire-n1',
    clean: false,
    protocolVersion,
    reconnectPeriod: 0,
    ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  });
  await older.subscribeAsync(OLD_FILTERS, { qos: 1 });
  await older.endAsync();
}

function idsOf({ received }: TestClient, topic: string): unknown[] {
  return received.filter((message) => message.topic === topic).map(({ json }) => json.requestId);
}

describe.skipIf(brokerMissing() !== null)('a node after an upgrade', () => {
  it.each([5, 4] as const)(
    'answers what waited in the session of the older one, each once (MQTT %i)',
    async (version) => {
      const { url } = await broker();
      await olderNode(url, version);
      const watcher = await client(url);
      for (const [i, { message }] of PROMPTS.entries())
        await watcher.send('samwire/n1/front/prompt', { ...message, requestId: `v1-${i}` }, { qos: 1 });
      await watcher.send('samwire/n1/front/undo/last', { what: 'is this' }, { qos: 1 });
      await watcher.send('samwire/n1/front/prompt', { box: [1, 2, 3, 4], requestId: 'last' }, { qos: 1 });
      const before = watcher.received.length;

      startNode(mqttOptions(url, { protocol: version === 5 ? '5' : '3.1.1' }));
      await waitFor(() => idsOf(watcher, 'samwire/n1/front/masks').includes('last'), 'the last answer');
      const answered = idsOf(watcher, 'samwire/n1/front/masks').map(String);
      expect([...answered].sort()).toEqual([...PROMPTS.map((_, i) => `v1-${i}`), 'last'].sort());
      expect(watcher.received.slice(before).filter(({ topic }) => topic.endsWith('/errors'))).toEqual([]);
    },
  );

  it('says what it is over a retained state that it can not read, and takes away those of cameras that are gone', async () => {
    const { url } = await broker();
    const old = { state: 'streaming', since: 1, fps: 30, width: 640, height: 480 };
    const held: [string, unknown][] = [
      ['samwire/n1/state', { state: 'dreaming', version: '9.9.9', depth: { of: 'sleep' } }],
      ...Array.from({ length: 40 }, (_, i): [string, unknown] => [`samwire/n1/gone${i}/state`, old]),
      ['samwire/n1/front/state', old],
      ['samwire/n1/notes/state', { text: 'of somebody else' }],
      ['samwire/n1/request/state', old],
      ['samwire/n2/gone/state', old],
    ];
    const writer = await client(url);
    for (const [topic, payload] of held) await writer.send(topic, payload, { retain: true, qos: 1 });

    const { node, logs } = startNode(mqttOptions(url));
    node.setCameraState('front', { state: 'streaming', since: 2, fps: 15, width: 320, height: 240 });
    await waitFor(
      () => writer.received.filter(({ payload }) => payload.length === 0).length === 40,
      '40 states taken away',
    );
    await waitFor(() => node.status.owedMessages === 0, 'all told');
    const looker = await client(url);
    await looker.on('samwire/n2/gone/state');
    await waitFor(() => looker.received.length >= 5, 'what is held');
    const topics = looker.received.filter(({ retain }) => retain).map(({ topic }) => topic);
    expect(topics.sort()).toEqual([
      'samwire/n1/front/state',
      'samwire/n1/notes/state',
      'samwire/n1/request/state',
      'samwire/n1/state',
      'samwire/n2/gone/state',
    ]);
    expect(looker.received.find(({ topic }) => topic === 'samwire/n1/state')?.json.state).toBe('online');
    expect(looker.received.find(({ topic }) => topic === 'samwire/n1/front/state')?.json.fps).toBe(15);
    expect(logs.filter((line) => line.includes('not configured any more'))).toHaveLength(40);
  });

  it('does not hear its own states when it has asked for those that are held', async () => {
    const { url, log } = await broker();
    const { node } = startNode(mqttOptions(url));
    node.setCameraState('front', { state: 'streaming', since: 2, fps: 15, width: 320, height: 240 });
    await waitFor(() => log().includes('UNSUBSCRIBE from samwire-n1'), 'the subscription to be given up');
    await waitFor(() => node.status.owedMessages === 0, 'all told');
    node.setCameraState('front', { state: 'stalled', since: 3, fps: 0, width: 320, height: 240 });
    await waitFor(() => node.status.owedMessages === 0, 'the new state told');
    const sent = log()
      .split('\n')
      .filter((line) => /Sending PUBLISH to samwire-n1.*front\/state/.test(line));
    expect(sent).toEqual([]);
  });
});
