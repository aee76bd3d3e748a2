import { afterEach, describe, expect, it } from 'vitest';
import { masksMessage } from '../../mqtt/service.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, mqttOptions, online, startNode, waitFor } from './harness.js';

const PROMPT = 'samwire/n1/front/prompt';
const box = [1, 2, 30, 40];
const correlationData = Buffer.from([0, 1, 2, 255]);

describe.skipIf(brokerMissing() !== null)('answers by request (MQTT 5)', () => {
  afterEach(closeAll);

  async function setUp(more: Parameters<typeof mqttOptions>[1] = {}) {
    const { url } = await broker();
    const test = startNode(mqttOptions(url, more));
    const sender = await client(url);
    await online(sender);
    return { ...test, sender };
  }

  it('go to the response topic too, with the same correlation data', async () => {
    const { sender } = await setUp();
    const properties = { responseTopic: 'samwire/reply/a', correlationData };
    await sender.send(PROMPT, { requestId: 'r1', box }, { properties });
    const reply = await sender.on('samwire/reply/a');
    expect(reply.json).toMatchObject({ requestId: 'r1', masks: [{ id: '0' }] });
    expect(reply.properties?.correlationData).toEqual(correlationData);
    const own = await sender.on('samwire/n1/front/masks');
    expect(own.payload.equals(reply.payload)).toBe(true);
    expect(own.properties?.correlationData).toBeUndefined();
  });

  it('go there as errors too', async () => {
    const { sender } = await setUp();
    const properties = { responseTopic: 'samwire/reply/a', correlationData };
    await sender.send(PROMPT, '{', { properties });
    const reply = await sender.on('samwire/reply/a');
    expect(reply.json.code).toBe('invalid_json');
    expect(reply.properties?.correlationData).toEqual(correlationData);
    await sender.on('samwire/n1/front/errors');
    await sender.send('samwire/n1/back/prompt', { requestId: 'r2', box }, { properties });
    await sender.next(({ topic, json }) => topic === 'samwire/reply/a' && json.code === 'unknown_camera');
  });

  it('go there for requests', async () => {
    const { sender } = await setUp();
    const properties = { responseTopic: 'samwire/reply/info', correlationData };
    await sender.send('samwire/n1/request/info', { transaction: 't' }, { properties });
    const reply = await sender.on('samwire/reply/info');
    expect(reply.json).toMatchObject({ status: 'ok', transaction: 't' });
    expect(reply.properties?.correlationData).toEqual(correlationData);
    await sender.on('samwire/n1/response/info');
  });

  it.each([
    ['deep', `samwire/reply${'/a'.repeat(300)}`],
    ['long', `samwire/reply/${'x'.repeat(65_521)}`],
  ])(
    'are refused for a response topic so %s that the broker would end the connection',
    async (_what, responseTopic) => {
      const { sender } = await setUp();
      await sender.send(PROMPT, { requestId: 'r1', box }, { properties: { responseTopic } });
      expect((await sender.on('samwire/n1/front/errors')).json.requestId).toBe('r1');
      await sender.send(PROMPT, { requestId: 'r2', box });
      await sender.on('samwire/n1/front/masks');
    },
  );

  it('are not made for a verb whose response topic would be longer than MQTT allows', async () => {
    const { sender } = await setUp();
    const prefix = 'samwire/n1/request/';
    await sender.send(`${prefix}${'v'.repeat(65_535 - prefix.length)}`, {});
    expect((await sender.on('samwire/n1/errors')).json.code).toBe('unknown_request');
    await sender.send(PROMPT, { requestId: 'r2', box });
    await sender.on('samwire/n1/front/masks');
  });

  it.each([
    ['outside the allowed filters', 'elsewhere/reply'],
    ['that the node subscribes to', 'samwire/n1/front/prompt'],
    ['that is another request', 'samwire/n1/request/info'],
    ['of the system', '$SYS/reply'],
  ])('never go to a topic %s; the errors topic alone hears of it', async (_what, responseTopic) => {
    const { sender, service } = await setUp({
      responseTopics: ['samwire/#', '$SYS/#'].slice(0, responseTopic.startsWith('$') ? 2 : 1),
    });
    await sender.client.subscribeAsync('elsewhere/#', { qos: 1 });
    const properties = { responseTopic, correlationData };
    await sender.send(PROMPT, { requestId: 'r1', box }, { properties });
    const error = await sender.on('samwire/n1/front/errors');
    expect(error.json).toMatchObject({ requestId: 'r1', code: 'invalid_message' });
    expect(error.json.details).toMatchObject([
      { path: 'Response Topic', got: JSON.stringify(responseTopic) },
    ]);
    await sender.send('samwire/n1/request/info', {}, { properties });
    expect((await sender.on('samwire/n1/errors')).json.code).toBe('invalid_message');
    // What came after them is answered, so what they asked for would have been as well.
    await sender.send(PROMPT, { requestId: 'r2', box });
    await sender.on('samwire/n1/front/masks');
    expect(service.calls.map(({ message }) => message.requestId)).toEqual(['r2']);
    const answered = sender.received.filter(({ topic }) => topic === responseTopic);
    expect(
      answered.filter(({ properties }) => properties?.correlationData && !properties.responseTopic),
    ).toEqual([]);
  });

  it('reach each repeat with its own correlation data', async () => {
    const { sender, service } = await setUp();
    const ask = (text: string) =>
      sender.send(PROMPT, '{"requestId":"r1","box":[1,2,30,40]}', {
        properties: { responseTopic: 'samwire/reply/a', correlationData: Buffer.from(text) },
      });
    const answers = () =>
      sender.received
        .filter(({ topic }) => topic === 'samwire/reply/a')
        .map(({ properties }) => properties?.correlationData?.toString());
    await ask('first');
    await waitFor(() => answers().length === 1, 'an answer');
    await ask('second');
    await waitFor(() => answers().length === 2, 'an answer to the repeat');
    expect(answers()).toEqual(['first', 'second']);
    expect(service.calls).toHaveLength(1);
    // Another response topic makes it another request.
    await sender.send(PROMPT, '{"requestId":"r1","box":[1,2,30,40]}', {
      properties: { responseTopic: 'samwire/reply/b' },
    });
    await sender.on('samwire/reply/b');
    expect(service.calls).toHaveLength(2);
  });

  it('say expired when the message’s expiry interval ended before it was begun', async () => {
    const { url } = await broker();
    const { service, node } = startNode(mqttOptions(url), { maxConcurrent: 1 });
    const sender = await client(url);
    await online(sender);
    let finish = () => {};
    service.onPrompt = ({ camera, message }) =>
      new Promise((resolve) => {
        finish = () => resolve(masksMessage(camera, message));
      });
    await sender.send(PROMPT, { requestId: 'slow', box });
    await waitFor(() => service.calls.length === 1, 'the first prompt at work');
    await sender.send(PROMPT, { requestId: 'late', box }, { properties: { messageExpiryInterval: 1 } });
    // The only place is taken: the second message is held back until after its expiry.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    finish();
    const error = await sender.on('samwire/n1/front/errors');
    expect(error.json).toMatchObject({ requestId: 'late', code: 'expired' });
    expect(service.calls[0]?.context.expiresAtMs).toBeUndefined();
    expect(node.counters.errors.expired).toBe(1);
  });

  it('tell the pipeline when the message expires', async () => {
    const { sender, service } = await setUp();
    await sender.send(PROMPT, { box }, { properties: { messageExpiryInterval: 30 } });
    await sender.on('samwire/n1/front/masks');
    const { receivedAtMs, expiresAtMs } = service.calls[0]?.context ?? { receivedAtMs: 0 };
    expect((expiresAtMs ?? 0) - receivedAtMs).toBeLessThanOrEqual(30_000);
    expect((expiresAtMs ?? 0) - receivedAtMs).toBeGreaterThanOrEqual(29_000);
  });

  it('say overloaded when too many messages are at work for too long', async () => {
    const { url } = await broker();
    const { service } = startNode(mqttOptions(url), { maxConcurrent: 1 });
    const sender = await client(url);
    await online(sender);
    service.onPrompt = () => new Promise(() => {});
    await sender.send(PROMPT, { requestId: 'for-ever', box });
    await sender.send(PROMPT, { requestId: 'second', box });
    const error = await sender.on('samwire/n1/front/errors');
    expect(error.json).toMatchObject({ requestId: 'second', code: 'overloaded' });
  });

  it('say nothing else to repeats of a request that is at work, or was refused, when too many are', async () => {
    const { url } = await broker();
    const { service, node } = startNode(mqttOptions(url), { maxConcurrent: 1 });
    const sender = await client(url);
    await online(sender);
    const { onPrompt } = service;
    let finish = (): void => {};
    service.onPrompt = (...call) => new Promise((resolve) => (finish = () => resolve(onPrompt(...call))));
    const at = (id: string): Promise<void> => sender.send(PROMPT, { requestId: id, box });
    await at('slow');
    await at('slow');
    await at('refused');
    await waitFor(() => node.counters.errors.overloaded === 1, 'the refusal');
    expect(node.counters.repeats).toBe(1);
    finish();
    await sender.on('samwire/n1/front/masks');
    await at('refused');
    await at('slow');
    const answers = (topic: string) => sender.received.filter((message) => message.topic === topic);
    await waitFor(() => answers('samwire/n1/front/masks').length === 2, 'the kept masks');
    const errors = answers('samwire/n1/front/errors');
    expect(errors.map(({ json }) => json.requestId)).toEqual(['refused', 'refused']);
    expect(errors[1]?.payload).toEqual(errors[0]?.payload);
    expect(service.calls).toHaveLength(1);
  });
});
