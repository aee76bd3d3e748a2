import { afterEach, describe, expect, it } from 'vitest';
import type { DetectionSource } from '../../../src/mqtt/detections.js';
import { errorMessageSchema } from '../../../src/outputs/masks-schema.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, mqttOptions, online, startNode, waitFor } from './harness.js';

const OWN = 'samwire/n1/front/detections';
const boxes = [{ id: 'a', box: [1, 2, 30, 40] }];
const source = (more: Partial<DetectionSource>): DetectionSource => ({
  topics: [],
  format: 'auto',
  sources: [],
  ...more,
});

describe.skipIf(brokerMissing() !== null)('a node that takes detections', () => {
  afterEach(closeAll);

  async function setUp(
    sources: Readonly<Record<string, DetectionSource>> = {},
    protocol: '5' | '3.1.1' = '5',
  ) {
    const { url } = await broker();
    const test = startNode(mqttOptions(url, { protocol }), { detections: new Map(Object.entries(sources)) });
    const sender = await client(url);
    await online(sender);
    const taken = () => test.service.detectionsCalls.map(({ camera, message }) => [camera, message.source]);
    return { url, ...test, sender, taken };
  }

  it.each(['5', '3.1.1'] as const)(
    'answers on the masks topic over MQTT %s, and ignores what is retained',
    async (protocol) => {
      const { sender, service, node } = await setUp({}, protocol);
      await sender.send(OWN, boxes, { qos: 0 });
      const { json } = await sender.on('samwire/n1/front/masks');
      expect(json).toMatchObject({ source: 'detections', camera: 'front', masks: [{ id: 'a' }] });
      expect(service.detectionsCalls[0]?.context).toMatchObject({ stream: OWN });
      expect(node.counters).toMatchObject({ detections: 1, detectionsIgnored: 0 });
    },
  );

  it('ignores what the broker kept, and what came while it was away', async () => {
    const { url } = await broker();
    const sender = await client(url);
    await sender.send(OWN, boxes, { retain: true });
    const { node, service } = startNode(mqttOptions(url));
    await online(sender);
    await node.close();
    await sender.send(OWN, boxes);
    const late = startNode(mqttOptions(url), { service });
    await sender.next(({ topic }) => topic === 'samwire/n1/stats');
    await waitFor(() => late.node.status.connected, 'the node is back');
    await sender.send(OWN, [{ id: 'new', box: [1, 2, 3, 4] }]);
    await waitFor(() => service.detectionsCalls.length > 0, 'detections');
    expect(service.detectionsCalls.map(({ message }) => message.detections[0]?.id)).toEqual(['new']);
  });

  it('owes an answer to the response topic, masks or error, each time', async () => {
    const { sender } = await setUp();
    const properties = { responseTopic: 'samwire/reply/d', correlationData: Buffer.from('7') };
    await sender.send(OWN, boxes, { properties });
    for (let i = 0; i < 3; i += 1) await sender.send(OWN, { nothing: i }, { properties });
    const replies = () => sender.received.filter(({ topic }) => topic === 'samwire/reply/d');
    await waitFor(() => replies().length === 4, 'four replies');
    expect(replies().map(({ json }) => json.code ?? json.source)).toEqual([
      'detections',
      ...Array(3).fill('unsupported_detections'),
    ]);
    for (const { properties } of replies()) expect(properties?.correlationData?.toString()).toBe('7');
    expect(sender.received.filter(({ topic }) => topic === 'samwire/n1/front/errors')).toHaveLength(1);
  });

  it('tells a detector that repeats its fault once, and counts the rest', async () => {
    const { sender, node } = await setUp();
    for (let i = 0; i < 30; i += 1) await sender.send(OWN, { nothing: i });
    await sender.send(OWN, '[1,');
    await sender.send(OWN, { requestId: 'r', detections: [], frame: 5 });
    await waitFor(() => node.counters.detections === 32, 'all are taken');
    const errors = () => sender.received.filter(({ topic }) => topic === 'samwire/n1/front/errors');
    await waitFor(() => errors().length === 3, 'three errors');
    expect(errors().map(({ json }) => errorMessageSchema.parse(json).code)).toEqual([
      'unsupported_detections',
      'invalid_json',
      'invalid_message',
    ]);
    expect(node.counters).toMatchObject({ errorsLimited: 29, errors: { unsupported_detections: 30 } });
  });

  it('tells of a camera that is none on the node’s errors topic', async () => {
    const { sender } = await setUp();
    await sender.send('samwire/n1/nobody/detections', boxes);
    expect((await sender.on('samwire/n1/errors')).json).toMatchObject({
      camera: 'nobody',
      code: 'unknown_camera',
    });
  });

  it('takes the topics of the config, a message once, each for the camera that it is about', async () => {
    const { sender, taken, node } = await setUp({
      front: source({ topics: ['det/#'], sources: [] }),
      gate: source({ topics: ['det/cams/+', 'det/cams/x'], sources: ['sensor-2'] }),
    });
    await sender.send('det/alone', { detections: boxes, source: 'anything' });
    await sender.send('det/cams/x', { detections: boxes, source: 'front' });
    await sender.send('det/cams/x', { detections: boxes, source: 'sensor-2' });
    await sender.send('det/cams/x', { detections: boxes });
    await sender.send('other', boxes);
    const event = (camera: string) => ({ type: 'new', after: { camera, box: [1, 2, 3, 4] } });
    await sender.send('det/frigate', event('garden'));
    await sender.send('det/frigate', event('front'));
    await sender.send('det/frigate', { ...event('front'), type: 'end' });
    await waitFor(() => node.counters.detections === 7, 'all are taken');
    await waitFor(() => taken().length === 5, 'those that fit');
    expect(taken()).toEqual([
      ['front', 'anything'],
      ['front', 'front'],
      ['gate', 'sensor-2'],
      ['front', undefined],
      ['front', 'front'],
    ]);
    expect(node.counters.detectionsIgnored).toBe(5);
  });

  it.each([0, 1] as const)(
    'publishes the masks with QoS %i, as outputs.streamQos says',
    async (streamQos) => {
      const { url } = await broker();
      startNode(mqttOptions(url), { streamQos });
      const sender = await client(url);
      await online(sender);
      const qos = new Promise((resolve) =>
        sender.client.on('message', (topic, _payload, packet) => {
          if (topic === 'samwire/n1/front/masks') resolve(packet.qos);
        }),
      );
      await sender.send(OWN, boxes);
      expect(await qos).toBe(streamQos);
    },
  );

  it('may have one camera take what is sent to another, and never takes its own messages for a detector’s', async () => {
    const topics = ['samwire/n1/front/detections', 'samwire/n1/front/masks'];
    const { sender, taken, node } = await setUp({ gate: source({ topics }) });
    await sender.send(OWN, boxes);
    await waitFor(() => taken().length === 2, 'detections for both');
    await sender.on('samwire/n1/gate/masks');
    expect(taken().map(([camera]) => camera)).toEqual(['front', 'gate']);
    expect(node.counters).toMatchObject({ detections: 1, errorsLimited: 0 });
  });

  it('refuses a response topic that a detector’s topic is', async () => {
    const { sender, taken } = await setUp({ front: source({ topics: ['samwire/reply/boxes/+'] }) });
    const properties = { responseTopic: 'samwire/reply/boxes/1' };
    await sender.send('samwire/n1/front/prompt', { box: [1, 2, 3, 4] }, { properties });
    await sender.send(OWN, boxes, { properties });
    const errors = () => sender.received.filter(({ topic }) => topic === 'samwire/n1/front/errors');
    await waitFor(() => errors().length === 2, 'two errors');
    for (const { json } of errors()) expect(json).toMatchObject({ code: 'invalid_message' });
    expect(taken()).toEqual([]);
  });

  it('has a fixed format hold for its camera alone', async () => {
    const { sender, taken } = await setUp({
      front: source({ topics: ['both'], format: 'coco' }),
      gate: source({ topics: ['both'] }),
    });
    await sender.send('both', boxes);
    expect((await sender.on('samwire/n1/front/errors')).json.message).toContain('that looks like samwire');
    expect(taken().map(([camera]) => camera)).toEqual(['gate']);
  });
});
