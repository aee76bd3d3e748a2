import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { SamwireError, UnavailableError } from '../../../src/errors.js';
import type { MqttOptions } from '../../../src/mqtt/options.js';
import { type SendPromptOptions, sendPrompt } from '../../../src/mqtt/send-prompt.js';
import { brokerMissing, freePort } from '../broker.js';
import { broker, client, closeAll, mqttOptions, online, startNode, waitFor } from './harness.js';

const prompt = { box: [1, 2, 30, 40] };

function options(mqtt: MqttOptions, more: Partial<SendPromptOptions> = {}): SendPromptOptions {
  return {
    mqtt,
    nodeId: 'n1',
    camera: 'front',
    prompt,
    timeoutMs: 30_000,
    resendMs: 200,
    logger: pino({ level: 'silent' }),
    ...more,
  };
}

describe.skipIf(brokerMissing() !== null).each(['5', '3.1.1'] as const)(
  'samwire prompt over MQTT %s',
  (protocol) => {
    afterEach(closeAll);

    it('prints the masks', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol });
      const { service } = startNode(mqtt);
      const outcome = await sendPrompt(options(mqtt));
      expect(outcome).toMatchObject({ kind: 'masks', masks: { camera: 'front', masks: [{ id: '0' }] } });
      expect(service.calls).toHaveLength(1);
    });

    it('prints the error', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol });
      const { service } = startNode(mqtt);
      service.onPrompt = () =>
        Promise.reject(new SamwireError('no_frame', 'The camera has not delivered a frame.'));
      expect(await sendPrompt(options(mqtt))).toMatchObject({ kind: 'error', error: { code: 'no_frame' } });
      expect(await sendPrompt(options(mqtt, { camera: 'back' }))).toMatchObject({
        kind: 'error',
        error: { code: 'unknown_camera' },
      });
    });

    it('repeats the request until the node is there, and has it run once', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol });
      const watcher = await client(url);
      const outcome = sendPrompt(options(mqtt));
      const sent = () => watcher.received.filter(({ topic }) => topic === 'samwire/n1/front/prompt');
      await waitFor(() => sent().length >= 3, 'three attempts');
      expect(new Set(sent().map(({ payload }) => payload.toString())).size).toBe(1);
      const { service } = startNode(mqtt);
      await online(watcher);
      expect(await outcome).toMatchObject({ kind: 'masks' });
      expect(service.calls).toHaveLength(1);
    });

    it('says what is known when there is no answer', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol });
      await expect(sendPrompt(options(mqtt, { timeoutMs: 600 }))).rejects.toThrow(/no node has told a state/);
      const { node, service } = startNode(mqtt);
      node.setCameraState('front', { state: 'stalled', fps: 0, width: 0, height: 0, since: 1 });
      const watcher = await client(url);
      await watcher.on('samwire/n1/front/state');
      service.onPrompt = () => new Promise(() => {});
      await expect(sendPrompt(options(mqtt, { timeoutMs: 1500 }))).rejects.toThrow(
        /the node is online, its camera: stalled/,
      );
    });

    it('says that the broker is missing', async () => {
      const mqtt = mqttOptions(`mqtt://127.0.0.1:${await freePort()}`, { protocol });
      const failed = sendPrompt(options(mqtt, { timeoutMs: 600 }));
      await expect(failed).rejects.toThrow(UnavailableError);
      await expect(failed).rejects.toThrow(/Is the broker running/);
    });

    it('says at once which file is missing', async () => {
      const mqtt = mqttOptions('mqtt://127.0.0.1:1', {
        protocol,
        username: 'u',
        passwordFile: '/no/such/file',
      });
      await expect(sendPrompt(options(mqtt))).rejects.toThrow(/\/no\/such\/file/);
    });

    it('answers to the topics that the config allows', async () => {
      const { url } = await broker();
      const mqtt = mqttOptions(url, { protocol, responseTopics: ['site/+/replies/#'] });
      startNode(mqtt);
      expect(await sendPrompt(options(mqtt))).toMatchObject({ kind: 'masks' });
      const without = mqttOptions(url, { protocol, responseTopics: [] });
      expect(await sendPrompt(options(without))).toMatchObject({ kind: 'masks' });
    });
  },
);
