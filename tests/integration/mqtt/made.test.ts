import { afterEach, describe, expect, it } from 'vitest';
import type { MasksMessage } from '../../../src/masks/types.js';
import { brokerMissing } from '../broker.js';
import { broker, client, closeAll, mqttOptions, online, startNode, waitFor } from './harness.js';

afterEach(closeAll);

/** What metrics and consoles hear of. */
function listening() {
  const made: MasksMessage[] = [];
  return { made, more: { onAnswer: (message: MasksMessage) => void made.push(message) } };
}

describe('masks that the node made', () => {
  it.skipIf(brokerMissing() !== null)(
    'are told of once, with what they are: of prompts and of everything',
    async () => {
      const { url } = await broker();
      const { made, more } = listening();
      startNode(mqttOptions(url), more);
      const sender = await client(url);
      await online(sender);
      await sender.send('samwire/n1/front/prompt', { requestId: 'r', box: [1, 2, 30, 40] });
      await sender.on('samwire/n1/front/masks');
      await sender.send('samwire/n1/request/everything', { camera: 'front' });
      await sender.on('samwire/n1/response/everything');
      expect(made.map(({ source, camera }) => [source, camera])).toEqual([
        ['prompt', 'front'],
        ['everything', 'front'],
      ]);
    },
  );

  it('are told of without a broker too: a console shows what is followed all the same', async () => {
    const { made, more } = listening();
    const { node, service } = startNode(mqttOptions('mqtt://127.0.0.1:1'), more);
    const context = { receivedAtMs: Date.now() };
    const prompt = { frame: 'latest', prompts: [{ id: 'a', points: [], box: [1, 2, 30, 40] }] } as const;
    const flags = { normalized: false, multimask: false, track: false };
    const masks = await service.prompt('front', { ...prompt, ...flags }, context);
    await waitFor(() => node.status.retries > 0, 'a refused connection');
    expect(await node.publishMasks('front', masks)).toBe(false);
    expect(made).toHaveLength(1);
    expect(node.counters.volatileDropped).toBe(1);
  });
});
