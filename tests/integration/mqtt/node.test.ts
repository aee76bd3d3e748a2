import { afterEach, describe, expect, it } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import type { MasksMessage } from '../../../src/masks/types.js';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { fitToPacket } from '../../../src/outputs/packet-size.js';
import { masksMessage } from '../../mqtt/service.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, mqttOptions, online, startNode, waitFor } from './harness.js';

const PROMPT = 'samwire/n1/front/prompt';
const box = [1, 2, 30, 40];

describe.skipIf(brokerMissing() !== null).each(['5', '3.1.1'] as const)('a node over MQTT %s', (protocol) => {
  afterEach(closeAll);

  async function setUp(
    options: Parameters<typeof broker>[0] = {},
    more: Parameters<typeof mqttOptions>[1] = {},
  ) {
    const { url } = await broker(options);
    const test = startNode(mqttOptions(url, { protocol, ...more }));
    const sender = await client(url, { protocolVersion: protocol === '5' ? 5 : 4 });
    await online(sender);
    return { url, ...test, sender, test };
  }

  it('answers a prompt on the masks topic, with the timing summed up', async () => {
    const { sender, node } = await setUp();
    await sender.send(PROMPT, { requestId: 'r1', prompts: [{ id: 'cup', box }] });
    const { json } = await sender.on('samwire/n1/front/masks');
    expect(json).toMatchObject({
      requestId: 'r1',
      source: 'prompt',
      camera: 'front',
      masks: [{ id: 'cup' }],
    });
    const timing = json.timing as Record<string, number>;
    expect(timing.publishMs).toBeGreaterThan(0);
    expect(timing.captureToPublishMs).toBeCloseTo(21 + (timing.publishMs ?? 0), 2);
    expect(node.status).toMatchObject({ connected: true, protocol, problem: null });
  });

  it('publishes its state and its cameras’ retained, and again when they change', async () => {
    const { node, url, sender } = await setUp();
    const camera = { state: 'streaming', fps: 30, width: 64, height: 48, since: 5 } as const;
    node.setCameraState('front', camera);
    await sender.on('samwire/n1/front/state');
    const late = await client(url);
    const state = await late.on('samwire/n1/state');
    expect(state.retain).toBe(true);
    expect(state.json).toMatchObject({
      state: 'online',
      version: '0.1.0',
      backend: 'onnx',
      model: 'test-model',
      since: expect.any(Number),
    });
    expect(await late.on('samwire/n1/front/state')).toMatchObject({ retain: true, json: camera });
    node.setCameraState('front', { ...camera, state: 'stalled' });
    await late.next(({ topic, json }) => topic === 'samwire/n1/front/state' && json.state === 'stalled');
    node.setNodeState({ state: 'building', backend: 'onnx', model: 'm', progress: 0.5 });
    await late.next(({ json }) => json.state === 'building' && json.progress === 0.5);
  });

  it('says stopped when it is closed, and nothing after', async () => {
    const { node, sender } = await setUp();
    await node.close();
    await sender.next(({ json }) => json.state === 'stopped');
    expect(sender.received.some(({ json }) => json.state === 'offline')).toBe(false);
  });

  it('answers what is at work before it stops, and leaves what comes then to the next start', async () => {
    const { node, service, sender, url } = await setUp();
    let finish = () => {};
    service.onPrompt = ({ camera, message }) =>
      new Promise((resolve) => {
        finish = () => resolve(masksMessage(camera, message));
      });
    await sender.send(PROMPT, { requestId: 'last', box });
    await waitFor(() => service.calls.length === 1, 'the prompt at work');
    const askedAt = performance.now();
    const closed = node.close({ timeoutMs: 20_000 });
    await sender.send(PROMPT, { requestId: 'next', box });
    finish();
    await closed;
    // The message that is left to the next start keeps nobody from hearing what the broker acknowledges.
    expect(performance.now() - askedAt).toBeLessThan(10_000);
    expect((await sender.on('samwire/n1/front/masks')).json.requestId).toBe('last');
    await sender.next(({ json }) => json.state === 'stopped');
    const topics = sender.received.map(({ topic, json }) => `${topic} ${json.state ?? ''}`.trim());
    expect(topics.indexOf('samwire/n1/front/masks')).toBeLessThan(topics.indexOf('samwire/n1/state stopped'));
    startNode(mqttOptions(url, { protocol }));
    await sender.next(({ topic, json }) => topic === 'samwire/n1/front/masks' && json.requestId === 'next');
  });

  it('says once in the log that stats do not fit the packet size', async () => {
    const { logs, node } = await setUp({}, { maxPacketBytes: 300 });
    await waitFor(() => node.counters.volatileDropped >= 2, 'two stats that were not sent');
    expect(logs.filter((line) => line.includes('stats are not published'))).toHaveLength(1);
  });

  it('publishes stats with what happened on the link', async () => {
    const { sender } = await setUp();
    await sender.send(PROMPT, '{');
    const { json } = await sender.next(
      ({ topic, json }) =>
        topic === 'samwire/n1/stats' &&
        (json.mqtt as { errors: Record<string, number> }).errors.invalid_json === 1,
    );
    expect(json).toMatchObject({ frames: 3, mqtt: { prompts: 1, protocol, dropped: { overflow: 0 } } });
  });

  it.each([
    ['malformed JSON', '{"prompts": [', 'invalid_json'],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe]), 'invalid_json'],
    ['an array', '[]', 'invalid_message'],
    ['wrong types', { requestId: 'r1', prompts: [{ box: 'all' }] }, 'invalid_message'],
    ['NaN', '{"requestId":"r1","box":[NaN,0,1,1]}', 'invalid_json'],
    ['1e308', { requestId: 'r1', box: [0, 0, 1e308, 1] }, 'invalid_message'],
    ['-1e308', { requestId: 'r1', points: [{ x: -1e308, y: 0, label: 1 }] }, 'invalid_message'],
    ['a time to live of no track', { requestId: 'r1', box, ttlMs: 500 }, 'invalid_message'],
    ['a track without time', { requestId: 'r1', box, track: true, ttlMs: 0 }, 'invalid_message'],
    [
      '10,000 prompts',
      { requestId: 'r1', prompts: Array.from({ length: 10_000 }, () => ({ box: [0, 0, 1, 1] })) },
      'too_many_prompts',
    ],
  ])('answers %s with an error, and goes on', async (_what, payload, code) => {
    const { sender, service } = await setUp();
    await sender.send(PROMPT, payload);
    const { json } = await sender.on('samwire/n1/front/errors');
    expect(json).toMatchObject({ code, camera: 'front', message: expect.stringContaining('xpected') });
    if (typeof payload === 'object' && !Buffer.isBuffer(payload)) expect(json.requestId).toBe('r1');
    expect(service.calls).toHaveLength(0);
    await sender.send(PROMPT, { box });
    await sender.on('samwire/n1/front/masks');
  });

  it('refuses a payload of 20 MB without reading it, and goes on', async () => {
    const { sender, service } = await setUp();
    await sender.send(PROMPT, Buffer.alloc(20 * 1024 * 1024, 0x20));
    const { json } = await sender.on('samwire/n1/front/errors');
    expect(json).toMatchObject({ code: 'too_large', message: expect.stringContaining('20971520') });
    await sender.send(PROMPT, { box });
    await sender.on('samwire/n1/front/masks');
    expect(service.calls).toHaveLength(1);
  });

  it('tells of a camera that does not exist on the node’s errors topic', async () => {
    const { sender } = await setUp();
    await sender.send('samwire/n1/back/prompt', { requestId: 'r2', box });
    const { json } = await sender.on('samwire/n1/errors');
    expect(json).toMatchObject({ requestId: 'r2', camera: 'back', code: 'unknown_camera' });
    expect(json.message).toContain('front, gate');
  });

  it('tells the sender what the pipeline refused, and what broke', async () => {
    const { sender, service, logs } = await setUp();
    service.onPrompt = async ({ message }) => {
      if (message.requestId === 'gone')
        throw new SamwireError('frame_evicted', 'Frame 3 is not held any more.');
      throw new TypeError('boom');
    };
    await sender.send(PROMPT, { requestId: 'gone', box });
    const errorOf = (requestId: string) =>
      sender.next(({ json }) => json.requestId === requestId && json.code !== undefined);
    const evicted = await errorOf('gone');
    expect(evicted).toMatchObject({ topic: 'samwire/n1/front/errors', json: { code: 'frame_evicted' } });
    await sender.send(PROMPT, { requestId: 'bug', box });
    expect((await errorOf('bug')).json.code).toBe('internal');
    expect(logs.some((line) => line.includes('boom'))).toBe(true);
  });

  it('runs a repeated request once and answers it again with the same bytes', async () => {
    const { sender, service, node } = await setUp();
    const payload = JSON.stringify({ requestId: 'r1', box });
    const answers = () => sender.received.filter(({ topic }) => topic === 'samwire/n1/front/masks');
    await sender.send(PROMPT, payload);
    await waitFor(() => answers().length === 1, 'the first answer');
    await sender.send(PROMPT, payload);
    await waitFor(() => answers().length === 2, 'the second answer');
    expect(answers()[1]?.payload.equals(answers()[0]?.payload as Buffer)).toBe(true);
    expect(service.calls).toHaveLength(1);
    expect(node.counters.repeats).toBe(1);
    await sender.send(PROMPT, { requestId: 'r1', box: [2, 2, 30, 40] });
    await waitFor(() => answers().length === 3, 'the answer to another payload');
    expect(service.calls).toHaveLength(2);
  });

  it('lets repeats share a request that is still running', async () => {
    const { sender, service, node } = await setUp();
    let finish = () => {};
    service.onPrompt = ({ camera, message }) =>
      new Promise((resolve) => {
        finish = () => resolve(masksMessage(camera, message));
      });
    for (let i = 0; i < 3; i += 1) await sender.send(PROMPT, { requestId: 'slow', box });
    await waitFor(() => node.counters.repeats === 2, 'two repeats');
    finish();
    await waitFor(
      () => sender.received.filter(({ json }) => json.requestId === 'slow' && json.masks).length === 3,
      'an answer to each',
    );
    expect(service.calls).toHaveLength(1);
  });

  it('runs messages without a requestId each time', async () => {
    const { sender, service } = await setUp();
    await sender.send(PROMPT, { box });
    await sender.send(PROMPT, { box });
    await waitFor(() => service.calls.length === 2, 'two runs');
  });

  it('answers requests, echoing their transaction', async () => {
    const { sender, service } = await setUp();
    await sender.send('samwire/n1/request/info', { transaction: 't1' });
    expect((await sender.on('samwire/n1/response/info')).json).toEqual({
      status: 'ok',
      transaction: 't1',
      data: { version: '0.1.0', cameras: ['front', 'gate'] },
    });
    await sender.send('samwire/n1/request/snapshot', { transaction: 't2', camera: 'front', overlay: true });
    const snapshot = (await sender.on('samwire/n1/response/snapshot')).json;
    expect(snapshot).toMatchObject({
      status: 'ok',
      transaction: 't2',
      data: { camera: 'front', width: 64, height: 48, seq: 9, jpeg: Buffer.alloc(300, 7).toString('base64') },
    });
    expect(service.snapshotOptions).toMatchObject({ overlay: true });
    await sender.send('samwire/n1/request/restart-camera', { camera: 'front' });
    const restarted = await sender.on('samwire/n1/response/restart-camera');
    expect(restarted.json).toEqual({ status: 'ok', data: { camera: 'front' } });
    expect(service.restarted).toEqual(['front']);
  });

  it('answers a request for everything with a masks message that has its timing summed up', async () => {
    const { sender, service } = await setUp();
    const asked = { transaction: 't3', camera: 'front', strategy: 'grid', grid: 8 };
    await sender.send('samwire/n1/request/everything', asked);
    const { json } = await sender.on('samwire/n1/response/everything');
    expect(json).toMatchObject({ status: 'ok', transaction: 't3' });
    const { timing, ...masks } = masksMessageSchema.parse(json.data);
    expect(masks).toMatchObject({
      source: 'everything',
      camera: 'front',
      masks: [{ id: '0' }, { id: '1' }],
    });
    expect(timing.captureToPublishMs).toBeCloseTo(21 + timing.publishMs, 2);
    const message = { camera: 'front', strategy: 'grid', options: { grid: 8 }, frame: 'latest' };
    expect(service.everythingCalls).toMatchObject([{ message }]);
    expect(sender.received.some(({ topic }) => topic === 'samwire/n1/front/masks')).toBe(false);
  });

  it('sends the edges beside the masks, and both fit the packet size', async () => {
    const { sender, service } = await setUp({}, { maxPacketBytes: 3000 });
    service.counts = 'x'.repeat(1000);
    service.degrade = (message, maxPayloadBytes) => fitToPacket(message, maxPayloadBytes);
    await sender.send('samwire/n1/request/everything', { transaction: 't', camera: 'front', edges: true });
    const { json, payload } = await sender.on('samwire/n1/response/everything');
    const { edges, ...masks } = json.data as { readonly edges: Record<string, unknown> };
    expect(edges).toEqual({ size: [48, 64], png: Buffer.alloc(600, 3).toString('base64') });
    expect(masksMessageSchema.parse(masks)).toMatchObject({ degraded: 'none' });
    expect(payload.length).toBeLessThan(3000);
    expect(service.everythingCalls[0]?.context.maxEdgesBytes).toBeLessThan(1000);
  });

  it('makes everything fit the packet size, and publishes what nobody asked for within it too', async () => {
    const { sender, service, node } = await setUp({}, { maxPacketBytes: 3000 });
    service.counts = 'x'.repeat(2000);
    service.degrade = (message, maxPayloadBytes) => fitToPacket(message, maxPayloadBytes);
    await sender.send('samwire/n1/request/everything', { transaction: 't', camera: 'front' });
    const { json, payload } = await sender.on('samwire/n1/response/everything');
    expect(json).toMatchObject({
      status: 'ok',
      data: { degraded: 'none', masks: [{ id: '0' }, { id: '1' }] },
    });
    expect(payload.length).toBeLessThan(3000);
    const data = masksMessageSchema.parse(json.data);
    const { degraded: _, ...whole } = data;
    const masks = data.masks.map((mask) => ({ ...mask, rle: { size: [48, 64], counts: service.counts } }));
    await node.publishMasks('front', { ...whole, masks } as MasksMessage);
    const published = await sender.on('samwire/n1/front/masks');
    expect(masksMessageSchema.parse(published.json)).toMatchObject({
      degraded: 'none',
      source: 'everything',
    });
  });

  it.each([
    ['info', '', { status: 'ok' }],
    ['info', '{', { status: 'error', error: { code: 'invalid_json' } }],
    ['info', { transaction: 'a b' }, { status: 'error', error: { code: 'invalid_message' } }],
    [
      'snapshot',
      { transaction: 't' },
      { status: 'error', transaction: 't', error: { code: 'invalid_message' } },
    ],
    ['snapshot', { camera: 'back' }, { status: 'error', error: { code: 'unknown_camera' } }],
    ['everything', { camera: 'back' }, { status: 'error', error: { code: 'unknown_camera' } }],
    [
      'everything',
      { transaction: 't', grid: 0, strategy: 'all', minScore: 2, boxes: [[1, 2, 3]] },
      {
        status: 'error',
        transaction: 't',
        error: {
          code: 'invalid_message',
          details: ['camera', 'strategy', 'grid', 'boxes[0]', 'minScore'].map((path) => ({ path })),
        },
      },
    ],
    ['restart-camera', { camera: 'gate' }, { status: 'error', error: { code: 'no_frame' } }],
    [
      'tracks',
      { transaction: 't' },
      {
        status: 'error',
        transaction: 't',
        error: { code: 'invalid_message', details: [{ path: 'camera' }] },
      },
    ],
    ['tracks', { camera: 'back' }, { status: 'error', error: { code: 'unknown_camera' } }],
    [
      'tracks',
      { camera: 'front', rename: { cup: 'a b' }, remove: [7] },
      { status: 'error', error: { code: 'invalid_message', details: [{}, {}] } },
    ],
    [
      'tracks',
      { camera: 'front', list: true, remove: 'all' },
      { status: 'error', error: { code: 'invalid_message', details: [{ got: 'list, remove' }] } },
    ],
    [
      'tracks',
      { transaction: 't', camera: 'front' },
      { status: 'ok', transaction: 't', data: { camera: 'front', tracks: [{ id: 'cup', ttlLeftMs: 90 }] } },
    ],
    [
      'reboot',
      {},
      {
        status: 'error',
        error: {
          code: 'unknown_request',
          message: expect.stringContaining('info, snapshot, everything, tracks, restart-camera, reload'),
        },
      },
    ],
    [
      'reload',
      {},
      {
        status: 'error',
        error: { code: 'unknown_request', message: expect.stringContaining('no config file') },
      },
    ],
  ])('answers the request %s with %j as it deserves', async (verb, payload, expected) => {
    const { sender } = await setUp();
    await sender.send(`samwire/n1/request/${verb}`, payload);
    expect((await sender.on(`samwire/n1/response/${verb}`)).json).toMatchObject(expected);
  });

  it('refuses a response that does not fit into a packet', async () => {
    const { sender, service } = await setUp({}, { maxPacketBytes: 4096 });
    service.jpegBytes = 10_000;
    await sender.send('samwire/n1/request/snapshot', { transaction: 't', camera: 'front' });
    expect((await sender.on('samwire/n1/response/snapshot')).json).toMatchObject({
      status: 'error',
      transaction: 't',
      error: { code: 'too_large' },
    });
    expect(service.snapshotOptions?.maxBytes).toBeLessThan(3000);
  });

  it('ignores retained input', async () => {
    const { url } = await broker();
    const sender = await client(url);
    await sender.send(PROMPT, { requestId: 'old', box }, { retain: true });
    await sender.send('samwire/n1/request/info', { transaction: 'old' }, { retain: true });
    const { service } = startNode(mqttOptions(url, { protocol }));
    await online(sender);
    await sender.send(PROMPT, { requestId: 'new', box });
    await sender.on('samwire/n1/front/masks');
    expect(service.calls.map(({ message }) => message.requestId)).toEqual(['new']);
    expect(sender.received.some(({ topic }) => topic.startsWith('samwire/n1/response'))).toBe(false);
  });

  it('degrades an answer that is too large, and refuses one that stays too large', async () => {
    const { sender, service } = await setUp({}, { maxPacketBytes: 3000 });
    service.counts = 'x'.repeat(5000);
    const limits: number[] = [];
    service.degrade = (message, maxPayloadBytes) => {
      limits.push(maxPayloadBytes);
      if (message.requestId === 'hopeless') return { message };
      const masks = message.masks.map((mask) => ({
        id: mask.id,
        score: 1,
        stability: 1,
        area: 1,
        box: null,
        centroid: null,
      }));
      return { message: { ...message, masks, degraded: 'none' } };
    };
    await sender.send(PROMPT, { requestId: 'r1', box });
    const small = await sender.on('samwire/n1/front/masks');
    expect(small.json).toMatchObject({ requestId: 'r1', degraded: 'none' });
    expect(limits[0]).toBeLessThan(3000);
    await sender.send(PROMPT, { requestId: 'hopeless', box });
    const refused = await sender.on('samwire/n1/front/errors');
    expect(refused.json).toMatchObject({ requestId: 'hopeless', code: 'too_large' });
  });
});
