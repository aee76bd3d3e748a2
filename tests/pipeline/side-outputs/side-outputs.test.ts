import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { MaskSource, MasksMessage } from '../../../src/masks/types.js';
import { loadAddon } from '../../../src/native/addon.js';
import {
  type SideMessage,
  SideOutputs,
  type SideOutputsOptions,
} from '../../../src/pipeline/side-outputs/side-outputs.js';
import { maskItem, masksMessage } from '../../outputs/messages.js';

const addon = loadAddon();
const settled: SideOutputs[] = [];
afterEach(() => {
  for (const outputs of settled.splice(0)) outputs.close();
});

/** The broker's edge, and paintings that the test lets through one by one. */
function started(more: Partial<SideOutputsOptions> = {}) {
  const sent: SideMessage[] = [];
  const paintings: (() => void)[] = [];
  const logs: string[] = [];
  const link = { connected: true, maxBytes: 100_000, congested: false };
  const publish = (message: SideMessage): boolean => {
    if (!link.congested) sent.push(message);
    return !link.congested;
  };
  const outputs = new SideOutputs({
    labels: true,
    visionMsgs: true,
    mqtt: {
      topics: { labels: (camera) => `${camera}/labels`, visionMsgs: (camera) => `${camera}/vision_msgs` },
      status: link,
      maxPayloadBytes: () => link.maxBytes,
      publishVolatile: publish,
      publishStream: publish,
    },
    addon: {
      paintLabels: async (...picture) => {
        await new Promise<void>((resolve) => paintings.push(resolve));
        return addon.paintLabels(...picture);
      },
    },
    drawable: () => [],
    log: pino({ level: 'trace' }, { write: (line: string) => logs.push(line) }),
    ...more,
  });
  settled.push(outputs);
  const labels = (): (string | undefined)[] =>
    sent
      .filter(({ topic }) => topic.endsWith('labels'))
      .map(({ properties }) => properties.userProperties.seq);
  return { outputs, sent, paintings, logs, link, labels };
}

function masks(seq: number, source: MaskSource = 'track'): MasksMessage {
  const message = masksMessage([maskItem('a')]);
  return { ...message, source, frame: { ...message.frame, seq } };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Expected in time: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** For what must not happen: everything that is on its way has run. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('outputs beside masks', () => {
  it('publish a label image and a Detection2DArray with what they belong to, after the masks have left', async () => {
    const { outputs, sent, paintings } = started();
    outputs.onMasks('front', masks(7, 'prompt'), { traceparent: '00-1-2-01' });
    expect(sent).toEqual([]);
    await until(() => paintings.length === 1);
    paintings[0]?.();
    await until(() => sent.length === 2);
    expect(sent.map(({ topic }) => topic).sort()).toEqual(['front/labels', 'front/vision_msgs']);
    for (const { properties } of sent)
      expect(properties.userProperties).toEqual({
        seq: '7',
        timestamp: '1767139200000',
        source: 'prompt',
        requestId: 'r1',
        traceparent: '00-1-2-01',
      });
    expect(outputs.stats()).toEqual({
      labels: { sent: 1, dropped: 0, tooLarge: 0 },
      visionMsgs: { sent: 1, dropped: 0, tooLarge: 0 },
    });
  });

  it('publish nothing that the config does not want', async () => {
    const { outputs, sent, paintings } = started({ labels: false, visionMsgs: false });
    outputs.onMasks('front', masks(1));
    await idle();
    expect([sent.length, paintings.length]).toEqual([0, 0]);
  });

  it('make one label image a camera at a time; of those that wait the newest of each source is made', async () => {
    const { outputs, paintings, labels } = started({ visionMsgs: false });
    outputs.onMasks('front', masks(1));
    await until(() => paintings.length === 1);
    for (const seq of [2, 3, 4]) outputs.onMasks('front', masks(seq));
    outputs.onMasks('front', masks(5, 'prompt'));
    outputs.onMasks('front', masks(6));
    await idle();
    expect(paintings.length).toBe(1);
    for (let made = 1; made <= 3; made += 1) {
      await until(() => paintings.length === made);
      paintings[made - 1]?.();
      await until(() => labels().length === made);
    }
    await idle();
    expect(labels()).toEqual(['1', '6', '5']);
    expect(outputs.stats().labels).toEqual({ sent: 3, dropped: 3, tooLarge: 0 });
  });

  it('make two at a time at most, each camera in its turn', async () => {
    const { outputs, paintings, labels } = started({ visionMsgs: false });
    for (const [seq, camera] of ['a', 'b', 'c'].entries()) outputs.onMasks(camera, masks(seq));
    outputs.onMasks('a', masks(3));
    await idle();
    expect(paintings.length).toBe(2);
    paintings[0]?.();
    await until(() => labels().length === 1 && paintings.length === 3);
    paintings[1]?.();
    await until(() => labels().length === 2 && paintings.length === 4);
    for (const finish of paintings) finish();
    await until(() => labels().length === 4);
    expect(labels().slice(-2).sort()).toEqual(['2', '3']);
  });

  it('are not sent where they are larger than a packet: counted, and said once each', async () => {
    const { outputs, sent, link, logs, paintings } = started();
    link.maxBytes = 50;
    for (const seq of [1, 2]) {
      outputs.onMasks('front', masks(seq));
      await until(() => paintings.length === seq);
      paintings[seq - 1]?.();
      await until(() => outputs.stats().labels.tooLarge === seq);
    }
    expect(sent).toEqual([]);
    expect(outputs.stats().visionMsgs).toEqual({ sent: 0, dropped: 0, tooLarge: 2 });
    expect(logs.filter((line) => line.includes('is not published'))).toHaveLength(2);
  });

  it('are not painted without a connection, and counted as dropped when it is congested', async () => {
    const { outputs, link, paintings } = started();
    link.connected = false;
    link.congested = true;
    outputs.onMasks('front', masks(1));
    await until(() => outputs.stats().labels.dropped === 1 && outputs.stats().visionMsgs.dropped === 1);
    expect(paintings.length).toBe(0);
    link.connected = true;
    outputs.onMasks('front', masks(2));
    await until(() => paintings.length === 1);
    paintings[0]?.();
    await until(() => outputs.stats().labels.dropped === 2);
  });

  it('go on after a label image that can not be made', async () => {
    const broken = { ...maskItem('a'), rle: { size: [1, 1] as const, counts: '1' } };
    const { outputs, paintings, logs, labels } = started({
      visionMsgs: false,
      drawable: ({ frame }) => (frame.seq === 1 ? [broken] : []),
    });
    for (const seq of [1, 2]) {
      outputs.onMasks('front', masks(seq));
      await until(() => paintings.length === seq);
      paintings[seq - 1]?.();
      await until(() => outputs.stats().labels.dropped + labels().length === seq);
    }
    expect(labels()).toEqual(['2']);
    expect(logs.join()).toContain('a label image was not made');
  });

  it('drop what waits when they are closed', async () => {
    const { outputs, paintings, labels } = started({ visionMsgs: false });
    outputs.onMasks('front', masks(1));
    await until(() => paintings.length === 1);
    outputs.onMasks('front', masks(2));
    await idle();
    outputs.close();
    outputs.onMasks('front', masks(3));
    paintings[0]?.();
    await until(() => labels().length === 1);
    await idle();
    expect(paintings.length).toBe(1);
  });
});
