import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Detection2DArray } from '../../../src/outputs/vision-msgs.js';
import { semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { testPicture } from '../../segment/picture.js';
import { testPrompts } from '../../segment/prompts.js';
import { broker, client, closeAll, type Received, type TestClient, waitFor } from '../mqtt/harness.js';
import {
  answerTo,
  ask,
  BASE,
  configOf,
  type Masks,
  ready,
  run,
  seen,
  semanticConfig,
  send,
  serviceMissing,
  stillCamera,
} from './harness.js';

const picture = testPicture(301, 213);
const { width, height } = picture;

/** What the docs say of labels: i + 1 for mask i, the smaller mask on top, of equal ones the earlier. */
function expectedLabels({ masks }: Masks): number[] {
  const labels = new Array<number>(width * height).fill(0);
  const layers = masks
    .flatMap((item, i) =>
      'error' in item || !item.rle ? [] : [{ rle: item.rle, area: item.area, label: i + 1 }],
    )
    .sort((a, b) => b.area - a.area || b.label - a.label);
  for (const { rle, label } of layers)
    for (const [p, inside] of decodeRle(rle).entries()) if (inside) labels[p] = label;
  return labels;
}

async function labelsOf(png: Buffer, depth: 'uchar' | 'ushort'): Promise<number[]> {
  expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width, height, channels: 1, depth });
  const space = depth === 'ushort' ? 'grey16' : 'b-w';
  const data = await sharp(png).toColourspace(space).raw({ depth }).toBuffer();
  return depth === 'ushort' ? [...new Uint16Array(data.buffer, data.byteOffset, data.length / 2)] : [...data];
}

const requestIdIn = ({ properties }: Received): unknown => properties?.userProperties?.requestId;

describe.skipIf(serviceMissing())('outputs beside masks, on the broker', () => {
  const model = semanticModel('nanosam');
  const prompts = testPrompts(model, picture);
  let watcher: TestClient;
  let old: TestClient;

  beforeAll(async () => {
    const { url } = await broker();
    watcher = await client(url);
    old = await client(url, { protocolVersion: 4 });
    await run(
      configOf(url, {
        cameras: {
          front: { ...(await stillCamera(picture)), everything: { every: '2s', strategy: 'grid', grid: 1 } },
        },
        model: { ...(await semanticConfig(model)), maxPrompts: 128 },
        outputs: { labels: true, visionMsgs: true },
        pipeline: { maxAgeMs: 30_000 },
      }),
    );
    await ready(watcher, 'front');
  });
  afterAll(closeAll);

  /** What is published beside the answer to a request. */
  const beside = (topic: string, requestId: string | undefined): Promise<Received> =>
    watcher.next(
      (message) => message.topic === `${BASE}/front/${topic}` && requestIdIn(message) === requestId,
      `${topic} of ${requestId}`,
    );

  it('are the label image of the masks, and what it belongs to', async () => {
    const answer = await ask(watcher, 'front', {
      prompts: [...prompts, { id: 'off', box: [900, 900, 950, 950] }],
    });
    const { payload, properties } = await beside('labels', answer.requestId);
    expect({ ...properties?.userProperties }).toEqual({
      seq: String(answer.frame.seq),
      timestamp: String(answer.frame.timestamp),
      source: 'prompt',
      requestId: answer.requestId,
    });
    const labels = await labelsOf(payload, 'uchar');
    expect(labels).toEqual(expectedLabels(answer));
    expect(new Set(labels).size).toBeGreaterThan(2);
  });

  it('are the same whatever the encodings of the masks', async () => {
    const withRle = await ask(watcher, 'front', { prompts });
    const a = await beside('labels', withRle.requestId);
    const bare = await ask(watcher, 'front', { prompts, encodings: [] });
    const b = await beside('labels', bare.requestId);
    expect(await labelsOf(b.payload, 'uchar')).toEqual(await labelsOf(a.payload, 'uchar'));
  });

  it('are in 16 bits for 300 masks', async () => {
    const many = Array.from({ length: 100 }, (_, i) => ({
      id: String(i),
      points: [{ x: 3 * i, y: 2 * i, label: 1 }],
    }));
    const answer = await ask(watcher, 'front', { prompts: many, multimask: true });
    expect(answer.masks).toHaveLength(300);
    const { payload } = await beside('labels', answer.requestId);
    const labels = await labelsOf(payload, 'ushort');
    expect(labels).toEqual(expectedLabels(answer));
    expect(Math.max(...labels)).toBeGreaterThan(255);
  });

  it('are the detections of the masks as ROS 2 writes them', async () => {
    const answer = await ask(watcher, 'front', {
      prompts: prompts.map((prompt) => ({ ...prompt, label: 'thing' })),
    });
    const { json } = await beside('vision_msgs', answer.requestId);
    const { header, detections } = json as unknown as Detection2DArray;
    expect(header.frame_id).toBe('front');
    expect(header.stamp.sec * 1000 + header.stamp.nanosec / 1e6).toBeCloseTo(answer.frame.timestamp, 2);
    const full = answer.masks.filter((item) => !('error' in item) && item.box !== null);
    expect(detections.map(({ id, results }) => [id, results[0]?.hypothesis.class_id])).toEqual(
      full.map(({ id }) => [id, 'thing']),
    );
  });

  it('are published once for a request, not again for its repeat', async () => {
    const requestId = await send(watcher, 'front', { prompts: prompts.slice(0, 1) });
    const answers = () =>
      watcher.received.filter(({ topic }) => topic === `samwire/reply/${requestId}`).length;
    await answerTo(watcher, requestId);
    await beside('labels', requestId);
    const sent = { requestId, maxAgeMs: 30_000, prompts: prompts.slice(0, 1) };
    const properties = { responseTopic: `samwire/reply/${requestId}` };
    await watcher.send(`${BASE}/front/prompt`, sent, { properties });
    await waitFor(() => answers() === 2, 'the kept answer');
    // The next request's label image comes behind one of the repeat, if there were one.
    const next = await ask(watcher, 'front', { prompts: prompts.slice(0, 1) });
    await beside('labels', next.requestId);
    for (const topic of ['labels', 'vision_msgs'])
      expect(
        watcher.received.filter(
          (message) => message.topic === `${BASE}/front/${topic}` && requestIdIn(message) === requestId,
        ),
        topic,
      ).toHaveLength(1);
  });

  it('come with masks that nobody asked for, too', async () => {
    const { properties } = await watcher.next(
      (message) =>
        message.topic === `${BASE}/front/labels` &&
        message.properties?.userProperties?.source === 'everything',
      'labels of everything',
    );
    const masks = await seen(watcher, `${BASE}/front/masks`, ({ source, frame }) => {
      return (
        source === 'everything' && String((frame as Masks['frame']).seq) === properties?.userProperties?.seq
      );
    });
    expect(masks.json.requestId).toBeUndefined();
  });

  it('say in the PNG what MQTT 3.1.1 has no properties for', async () => {
    const { payload, properties } = await old.next(
      ({ topic }) => topic === `${BASE}/front/labels`,
      'labels on 3.1.1',
    );
    expect(properties).toBeUndefined();
    const keywords = (await sharp(payload).metadata()).comments?.map(({ keyword }) => keyword);
    expect(keywords).toEqual(expect.arrayContaining(['seq', 'timestamp', 'source']));
  });

  it('are counted in the stats', async () => {
    const { json } = await seen(watcher, `${BASE}/stats`, ({ outputs }) => {
      return ((outputs as { labels?: { sent?: number } })?.labels?.sent ?? 0) >= 6;
    });
    expect(json.outputs).toMatchObject({
      labels: { sent: expect.any(Number), dropped: expect.any(Number), tooLarge: 0 },
      visionMsgs: { sent: expect.any(Number), dropped: 0, tooLarge: 0 },
    });
  });
});
