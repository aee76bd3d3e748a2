import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ResponseMessage } from '../../../src/mqtt/topics.js';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import { type SemanticModel, semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { expectedMasks, maskIou } from '../../segment/expected.js';
import { testPicture } from '../../segment/picture.js';
import { broker, client, closeAll, type Received, type TestClient } from '../mqtt/harness.js';
import {
  answerTo,
  ask,
  BASE,
  type Backend,
  configOf,
  type Masks,
  ready,
  run,
  seen,
  semanticConfig,
  send,
  serve,
  serviceMissing,
  stillCamera,
} from './harness.js';

const picture = testPicture(301, 213);
const { width, height } = picture;
/** Everything that the semantic model answers passes: its masks are soft-edged. */
const all = { minScore: 0, minStability: 0 };

let transactions = 0;

/** The response to a request, which there must be one of. */
async function request(client: TestClient, verb: string, body: object): Promise<ResponseMessage> {
  const transaction = `t${++transactions}`;
  await client.send(`${BASE}/request/${verb}`, { transaction, ...body });
  const mine = ({ topic, json }: Pick<Received, 'topic' | 'json'>) =>
    topic === `${BASE}/response/${verb}` && json.transaction === transaction;
  const { json } = await client.next(mine, `the response to ${transaction}`);
  expect(client.received.filter(mine)).toHaveLength(1);
  return json as unknown as ResponseMessage;
}

async function everything(client: TestClient, body: object): Promise<Masks> {
  const { status, data, error } = await request(client, 'everything', body);
  expect(error).toBeUndefined();
  expect(status).toBe('ok');
  return masksMessageSchema.parse(data);
}

/** The camera `front` has a grid of one point, in the middle: what the reference says of that prompt is everything. */
async function expectOwnGrid(watcher: TestClient, model: SemanticModel, backend: Backend): Promise<void> {
  const prompt = { id: 'middle', points: [{ x: width / 2, y: height / 2, label: 1 as const }] };
  const { frame } = await ask(watcher, 'front', { prompts: [prompt], multimask: true });
  const asked = { camera: 'front', frame: { seq: frame.seq }, nmsIou: 1, ...all };
  const answer = await everything(watcher, asked);
  expect(answer).toMatchObject({ source: 'everything', camera: 'front', backend, frame });
  expect(answer.masks.map(({ id }) => id)).toEqual(['0', '1', '2']);
  const expected = expectedMasks(model, picture, prompt, { multimask: true });
  expected.sort((a, b) => b.score - a.score);
  for (const [i, mask] of answer.masks.entries()) {
    if ('error' in mask || !mask.rle) throw new Error('no rle');
    expect(mask.score).toBeCloseTo(expected[i]?.score ?? Number.NaN, 4);
    expect(maskIou(decodeRle(mask.rle), expected[i]?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
  }
}

describe.skipIf(serviceMissing() !== null)('a request for everything', () => {
  const model = semanticModel('nanosam');
  let watcher: TestClient;

  beforeAll(async () => {
    const { url } = await broker();
    watcher = await client(url);
    const still = await stillCamera(picture);
    const cameras = {
      front: { ...still, historyMs: 20_000, everything: { strategy: 'grid', grid: 1 } },
      off: { ...still, enabled: false },
      pace: { ...still, everything: { every: '300ms', strategy: 'grid', grid: 2 } },
      slow: { ...(await stillCamera(picture, 1)), everything: { every: '200ms', strategy: 'grid', grid: 1 } },
    };
    const mqtt = { url, maxPacketBytes: 8000 };
    await run(configOf(url, { cameras, mqtt, model: await semanticConfig(model) }));
    await ready(watcher, 'front', 'pace', 'slow');
  });
  afterAll(closeAll);

  it('is answered with the masks of the camera’s own grid, the best first, on the frame that it names', () =>
    expectOwnGrid(watcher, model, 'onnx'));

  it('takes the newest frame, a grid of its own, and the encodings that it wants', async () => {
    const answer = await everything(watcher, { camera: 'front', grid: 3, encodings: [], ...all });
    expect(answer.masks.length).toBeGreaterThan(3);
    for (const mask of answer.masks)
      expect(Object.keys(mask).sort()).toEqual(['area', 'box', 'centroid', 'id', 'score', 'stability']);
    const { timing } = answer;
    expect(timing.decodeMs).toBeGreaterThan(0);
    expect(answer.frame.timestamp + timing.captureToPublishMs).toBeLessThanOrEqual(Date.now() + 1);
  });

  it('looks into crops, and takes a detector’s boxes', async () => {
    const asked = { camera: 'front', encodings: [], nmsIou: 1, cropNmsIou: 1, ...all };
    const whole = await everything(watcher, asked);
    const crops = await everything(watcher, { ...asked, grid: 2, cropLayers: 1, cropPointsDownscale: 2 });
    expect(whole.masks).toHaveLength(3);
    expect(crops.masks.length).toBeGreaterThan(4 * 3);
    const box = { id: '0', box: [20, 20, 120, 120] as const };
    const boxes = [box.box, [200, 20, 260, 180]];
    const { masks } = await everything(watcher, { camera: 'front', boxes });
    expect(masks).toHaveLength(2);
    const [mask] = masks;
    if (!mask || 'error' in mask || !mask.rle) throw new Error('no rle');
    const [expected] = expectedMasks(model, picture, box);
    expect(maskIou(decodeRle(mask.rle), expected?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
  });

  it('brings an edge map where it is asked for, with the things’ outlines in it', async () => {
    const { data } = await request(watcher, 'everything', {
      camera: 'front',
      edges: true,
      encodings: [],
      ...all,
    });
    const { edges, ...masks } = data as {
      readonly edges: { readonly size: readonly [number, number]; readonly png: string };
    };
    expect(masksMessageSchema.parse(masks).masks.length).toBeGreaterThan(0);
    const png = sharp(Buffer.from(edges.png, 'base64'));
    const [rows, columns] = edges.size;
    expect(await png.metadata()).toMatchObject({ format: 'png', channels: 1, width: columns, height: rows });
    // Half of a packet of 8000 bytes is too little for the whole map.
    expect(rows).toBeLessThan(height);
    const levels = await png.extractChannel(0).resize(width, height).raw().toBuffer();
    const strength = (inside: (x: number, y: number) => boolean): number => {
      const of = levels.filter((_, i) => inside(i % width, Math.floor(i / width)));
      return of.reduce((sum, level) => sum + level, 0) / of.length;
    };
    // The bar of the picture (tests/segment/picture.ts): its left edge, and the flat ground left of it.
    const besideBar = (from: number, to: number) => (x: number, y: number) =>
      x > width * 0.7 + from && x < width * 0.7 + to && y > height * 0.3 && y < height * 0.9;
    expect(strength(besideBar(-4, 4))).toBeGreaterThan(1.1 * strength(besideBar(-24, -10)));
  });

  it('is made to fit the packet size', async () => {
    const answer = await everything(watcher, { camera: 'front', grid: 8, nmsIou: 1, ...all });
    expect(answer.degraded).toBe('none');
    expect(answer.omitted).toBeGreaterThan(0);
    const areas = answer.masks.map((mask) => ('error' in mask ? 0 : mask.area));
    expect(answer.masks.length + (answer.omitted ?? 0)).toBe(3 * 64);
    expect(Math.min(...areas)).toBeGreaterThan(0);
  });

  it.each<[string, object, string, string]>([
    ['a camera that is not there', { camera: 'back' }, 'unknown_camera', 'front, off, pace, slow'],
    ['a camera that is disabled', { camera: 'off' }, 'no_frame', 'disabled'],
    ['a frame that is gone', { camera: 'front', frame: { seq: 0 } }, 'frame_evicted', 'seq 0'],
    ['no camera', {}, 'invalid_message', 'camera'],
    ['a model without proposals', { camera: 'front', strategy: 'boxes' }, 'unsupported_prompt', '"boxes"'],
    ['too many points', { camera: 'front', grid: 128, cropLayers: 1 }, 'too_many_prompts', '81920'],
    [
      'boxes outside of the frame',
      {
        camera: 'front',
        boxes: [
          [0, 0, 9, 9],
          [400, 0, 500, 9],
          [9, 9, 0, 0],
        ],
      },
      'invalid_message',
      'boxes[1]',
    ],
  ])('for %s gets one error that says so', async (_what, body, code, said) => {
    const { status, error } = await request(watcher, 'everything', body);
    expect(status).toBe('error');
    expect(error?.code).toBe(code);
    expect(error?.message).toContain(said);
  });

  it('leaves its masks for the next snapshot with an overlay', async () => {
    const { frame } = await everything(watcher, { camera: 'front', ...all });
    const { data } = await request(watcher, 'snapshot', { camera: 'front', overlay: true });
    expect(data).toMatchObject({ seq: frame.seq });
  });

  it('again and again is published on the masks topic, at the camera’s pace and each time of a new frame', async () => {
    const published = () =>
      watcher.received
        .filter(({ topic }) => topic === `${BASE}/pace/masks`)
        .map(({ json }) => masksMessageSchema.parse(json));
    const before = published().length;
    const since = performance.now();
    await watcher.next(() => published().length >= before + 5, 'five masks messages');
    const tookMs = performance.now() - since;
    expect(tookMs).toBeGreaterThan(4 * 300 - 100);
    expect(published().every(({ source }) => source === 'everything')).toBe(true);
    const seqs = published().map(({ frame }) => frame.seq);
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it('is counted, and so is what was left out for want of a new frame', async () => {
    const { json } = await seen(watcher, `${BASE}/stats`, ({ everything }) => {
      const { skipped } = everything as { readonly skipped: { readonly noFrame: number } };
      return skipped.noFrame > 0;
    });
    const counted = json.everything as Record<string, number>;
    expect(counted.runs).toBeGreaterThan(0);
    expect(counted.masks).toBeGreaterThan(0);
    expect(counted.prompts).toBeGreaterThan(counted.runs ?? 0);
    expect(counted.latencyMs).toMatchObject({ p50: expect.any(Number) });
  });
});

describe.skipIf(serviceMissing() !== null)('prompts, while everything is being segmented', () => {
  afterEach(closeAll);

  it('are answered in between; the rest is refused when the service stops', async () => {
    const { url } = await broker();
    const watcher = await client(url);
    const cameras = { front: { source: 'test://pattern', width: 320, height: 240, fps: 10 } };
    const service = await run(configOf(url, { cameras, pipeline: { maxAgeMs: 30_000 } }));
    await ready(watcher, 'front');

    const long = request(watcher, 'everything', {
      camera: 'front',
      strategy: 'grid',
      grid: 16,
      encodings: [],
    });
    const box = [46, 0, 91, 160];
    const prompts: Masks[] = [];
    for (let i = 0; i < 3; i += 1)
      prompts.push(await ask(watcher, 'front', { prompts: [{ id: 'bar', box }] }));
    const topics = watcher.received.map(({ topic }) => topic);
    expect(topics).not.toContain(`${BASE}/response/everything`);
    const { data } = await long;
    const { timing } = masksMessageSchema.parse(data);
    const tookMs = timing.captureToPublishMs;
    for (const { timing } of prompts) expect(timing.queueMs).toBeLessThan(tookMs / 3);
    // The prompts' own runs are waiting to the job, not work.
    expect(timing.queueMs).toBeGreaterThan(0);

    const refused = request(watcher, 'everything', { camera: 'front', strategy: 'grid', grid: 64 });
    const requestId = await send(watcher, 'front', { prompts: [{ id: 'bar', box }] });
    await answerTo(watcher, requestId);
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(8000);
    expect(await refused).toMatchObject({ status: 'error', error: { code: 'overloaded' } });
  });
});

describe.skipIf(serviceMissing('tensorrt') !== null)('everything on engines', () => {
  afterEach(closeAll);

  it('is what the reference says, in chunks that engines take, with prompts in between', async () => {
    const model = semanticModel('sam', { batch: 1 });
    const { url } = await broker();
    const watcher = await client(url);
    const front = {
      ...(await stillCamera(picture)),
      historyMs: 20_000,
      everything: { grid: 1, strategy: 'grid' },
    };
    const service = configOf(url, { cameras: { front }, model: await semanticConfig(model, 'tensorrt') });
    await serve('tensorrt', service);
    await ready(watcher, 'front');
    await expectOwnGrid(watcher, model, 'tensorrt');
    const long = everything(watcher, { camera: 'front', grid: 16, encodings: [], maxMasks: 5, ...all });
    const box = { id: 'box', box: [20, 20, 120, 120] };
    await ask(watcher, 'front', { prompts: [box] });
    expect((await long).masks).toHaveLength(5);
  });
});
