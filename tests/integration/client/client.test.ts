import { afterEach, describe, expect, it } from 'vitest';
import { type ConnectOptions, connect, SamwireClient } from '../../../src/client/client.js';
import { SamwireError, UnavailableError } from '../../../src/errors.js';
import type { MqttOptions } from '../../../src/mqtt/options.js';
import { TestService } from '../../mqtt/service.js';
import { brokerMissing, freePort } from '../broker.js';
import {
  broker,
  client,
  closeAll,
  JOBS,
  mqttOptions,
  online,
  owe,
  startNode,
  waitFor,
} from '../mqtt/harness.js';

const prompt = { box: [1, 2, 30, 40] as [number, number, number, number] };
const soon = { timeoutMs: 30_000, retryMs: 200 };
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

function asker(options: ConnectOptions): SamwireClient {
  const made = connect({ node: 'n1', ...options });
  owe(() => made.close());
  return made;
}

/** One that has the node's own config, as `samwire prompt` has. */
function configured(mqtt: MqttOptions): SamwireClient {
  const made = new SamwireClient(mqtt, { node: 'n1' });
  owe(() => made.close());
  return made;
}

describe.skipIf(brokerMissing() !== null).each(['5', '3.1.1'] as const)(
  'a client over MQTT %s',
  (protocol) => {
    afterEach(closeAll);

    it('gets masks', async () => {
      const { url } = await broker();
      const { service } = startNode(mqttOptions(url));
      const answer = await asker({ url, protocol }).prompt('front', prompt, soon);
      expect(answer).toMatchObject({ camera: 'front', masks: [{ id: '0' }] });
      expect(service.calls).toHaveLength(1);
    });

    it('sends a trace context with each kind of request', async () => {
      const { url } = await broker();
      startNode(mqttOptions(url), { jobs: JOBS }).node.startJobs();
      const watcher = await client(url);
      const trace = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, tracestate: 'a=1' };
      const asking = asker({ url, protocol });
      await asking.prompt('front', prompt, { ...soon, trace });
      await asking.job(JPEG, [prompt], { ...soon, trace });
      const sent = watcher.received.filter(({ topic }) => /jobs$|prompt$/.test(topic));
      expect(new Set(sent.map(({ topic }) => topic)).size).toBe(2);
      for (const { properties } of sent)
        if (protocol === '5') expect({ ...properties?.userProperties }).toMatchObject(trace);
    });

    it('gets each of many prompts its own masks', async () => {
      const { url } = await broker();
      const { service } = startNode(mqttOptions(url));
      service.onPrompt = async (call) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        return new TestService().onPrompt(call);
      };
      const asking = asker({ url, protocol });
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => asking.prompt('front', { ...prompt, id: `p${i}` }, soon)),
      );
      expect(answers.map(({ masks }) => masks[0]?.id)).toEqual(answers.map((_, i) => `p${i}`));
    });

    it('throws the node’s error, with its code', async () => {
      const { url } = await broker();
      const { service } = startNode(mqttOptions(url));
      service.onPrompt = () =>
        Promise.reject(new SamwireError('no_frame', 'The camera has not delivered a frame.'));
      const asking = asker({ url, protocol });
      await expect(asking.prompt('front', prompt, soon)).rejects.toMatchObject({ code: 'no_frame' });
      await expect(asking.prompt('back', prompt, soon)).rejects.toMatchObject({ code: 'unknown_camera' });
      await expect(asking.prompt('front', { box: [1, 2] } as never, soon)).rejects.toMatchObject({
        code: 'invalid_message',
        details: [{ path: 'box' }],
      });
    });

    it('repeats the request until the node is there, and has it run once', async () => {
      const { url } = await broker();
      const watcher = await client(url);
      const answer = asker({ url, protocol }).prompt('front', prompt, soon);
      const sent = () => watcher.received.filter(({ topic }) => topic === 'samwire/n1/front/prompt');
      await waitFor(() => sent().length >= 3, 'three attempts');
      expect(new Set(sent().map(({ payload }) => payload.toString())).size).toBe(1);
      const { service } = startNode(mqttOptions(url));
      await online(watcher);
      expect((await answer).masks).toHaveLength(1);
      expect(service.calls).toHaveLength(1);
    });

    it('repeats more and more slowly', async () => {
      const { url } = await broker();
      const watcher = await client(url);
      const options = { timeoutMs: 1500, retryMs: 50 };
      await expect(asker({ url, protocol }).prompt('front', prompt, options)).rejects.toMatchObject({
        code: 'timeout',
      });
      const sent = watcher.received.filter(({ topic }) => topic.endsWith('/prompt'));
      // 50, 75, 113, 169 ms, and 200 from then on; 30 at an even pace. A busy machine sends fewer.
      expect(sent.length).toBeGreaterThan(1);
      expect(sent.length).toBeLessThanOrEqual(11);
    });

    it('goes on after the broker was away', async () => {
      const mosquitto = await broker();
      const { service } = startNode(mqttOptions(mosquitto.url));
      const asking = asker({ url: mosquitto.url, protocol });
      await asking.prompt('front', prompt, soon);
      await mosquitto.kill();
      const answer = asking.prompt('front', prompt, soon);
      await mosquitto.start();
      expect((await answer).masks).toHaveLength(1);
      expect(service.calls.length).toBeGreaterThanOrEqual(2);
    });

    it('gives up in time, or when it is told to, and says what is known', async () => {
      const { url } = await broker();
      const asking = asker({ url, protocol });
      const refusal = async (timeoutMs: number) =>
        asking.prompt('front', prompt, { timeoutMs }).catch((error: unknown) => error);
      expect(await refusal(600)).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('no node has told a state'),
      });
      const { node, service } = startNode(mqttOptions(url));
      node.setCameraState('front', { state: 'stalled', fps: 0, width: 0, height: 0, since: 1 });
      await (await client(url)).on('samwire/n1/front/state');
      service.onPrompt = () => new Promise(() => {});
      expect(await refusal(1500)).toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('the node is online, its camera: stalled'),
      });
      const abort = new AbortController();
      const given = asking.prompt('front', prompt, { signal: abort.signal });
      abort.abort();
      await expect(given).rejects.toMatchObject({ code: 'aborted' });
      const waiting = expect(asking.prompt('front', prompt)).rejects.toMatchObject({ code: 'closed' });
      await asking.close();
      await waiting;
      await expect(asking.prompt('front', prompt)).rejects.toMatchObject({ code: 'closed' });
    });

    it('says that the broker is missing, or a file', async () => {
      const url = `mqtt://127.0.0.1:${await freePort()}`;
      await expect(asker({ url, protocol }).prompt('front', prompt, { timeoutMs: 600 })).rejects.toThrow(
        /Is the broker running/,
      );
      const missing = { url, protocol, username: 'u', passwordFile: '/no/such/file' };
      expect(() => connect(missing)).toThrow(UnavailableError);
      expect(() => connect(missing)).toThrow(/\/no\/such\/file/);
    });

    it('has its answers on the topics that the config allows', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol, responseTopics: ['site/+/replies/#'] });
      startNode({ ...mqtt, protocol: 'auto' });
      expect((await configured(mqtt).prompt('front', prompt, soon)).masks).toHaveLength(1);
      const without = mqttOptions(url, { protocol, responseTopics: [] });
      expect((await configured(without).prompt('front', prompt, soon)).masks).toHaveLength(1);
    });

    it('gets masks of jobs, also with more prompts than a user property holds', async () => {
      const { url } = await broker();
      const { node, service } = startNode(mqttOptions(url), { jobs: JOBS });
      node.startJobs();
      const asking = asker({ url, protocol, jobsAtOnce: 4 });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => asking.job(JPEG, [prompt], { ...soon, jobId: `j${i}` })),
      );
      expect(answers.map(({ jobId }) => jobId)).toEqual(answers.map((_, i) => `j${i}`));
      expect(answers[0]).toMatchObject({ node: 'n1', source: 'job', masks: [{ id: '0' }] });
      const label = 'x'.repeat(250);
      const many = Array.from({ length: 60 }, (_, i) => ({
        id: `p${i}`,
        label,
        points: Array.from({ length: 60 }, (_, x) => ({ x, y: i })),
      }));
      expect((await asking.job(JPEG, { prompts: many, encodings: [] }, soon)).masks).toHaveLength(60);
      expect(service.jobs).toHaveLength(21);
      await expect(asking.job(Buffer.from('text'), [prompt], soon)).rejects.toMatchObject({
        code: 'invalid_image',
      });
    });

    it('gives up jobs that wait for others, and lets the next ones go on', async () => {
      const { url } = await broker();
      const asking = asker({ url, protocol, jobsAtOnce: 1 });
      const first = expect(asking.job(JPEG, [prompt], { timeoutMs: 1000 })).rejects.toMatchObject({
        code: 'timeout',
      });
      const abort = new AbortController();
      const second = expect(asking.job(JPEG, [prompt], { signal: abort.signal })).rejects.toMatchObject({
        code: 'aborted',
      });
      const third = expect(asking.job(JPEG, [prompt], { timeoutMs: 300 })).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('1 jobs before this one'),
      });
      const fourth = asking.job(JPEG, [prompt], soon);
      abort.abort();
      await Promise.all([second, third, first]);
      const { node } = startNode(mqttOptions(url), { jobs: JOBS });
      node.startJobs();
      expect((await fourth).masks).toHaveLength(1);
    });

    it('tells that nobody takes jobs', async () => {
      const { url } = await broker();
      const none = asker({ url, protocol }).job(JPEG, [prompt], { timeoutMs: 500, jobId: 'lonely' });
      await expect(none).rejects.toMatchObject({
        code: 'timeout',
        message: expect.stringContaining('lonely'),
      });
    });
  },
);

describe.skipIf(brokerMissing() !== null)('a client', () => {
  afterEach(closeAll);

  it('is told at once what the broker would not take', async () => {
    const { url } = await broker({ maxPacketBytes: 2000 });
    const large = asker({ url }).job(Buffer.concat([JPEG, Buffer.alloc(4000)]), [prompt], soon);
    await expect(large).rejects.toMatchObject({ code: 'too_large' });
  });
});
