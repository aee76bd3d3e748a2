import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Family, type SemanticModel, semanticModel } from '../../graphs/semantics.js';
import { decodeRle } from '../../segment/coco-rle.js';
import { expectedMasks, maskIou, type TestPrompt } from '../../segment/expected.js';
import { type Picture, testPicture } from '../../segment/picture.js';
import { testPrompts } from '../../segment/prompts.js';
import { broker, client, closeAll, type TestClient } from '../mqtt/harness.js';
import {
  ask,
  askInVain,
  BASE,
  type Backend,
  configOf,
  itemOf,
  type Masks,
  ready,
  run,
  semanticConfig,
  serve,
  serviceMissing,
  stillCamera,
} from './harness.js';

const picture = testPicture(301, 213);

interface Expected {
  readonly model: SemanticModel;
  readonly shown: Picture;
  readonly prompt: TestPrompt;
  readonly multimask?: boolean;
  readonly start?: Float32Array;
}

/** The answer's masks of a prompt are the reference's. */
function expectMasks(answer: Masks, { model, shown, prompt, ...options }: Expected): void {
  const ids = options.multimask ? [0, 1, 2].map((k) => `${prompt.id}#${k}`) : [prompt.id];
  const expected = expectedMasks(model, shown, prompt, options);
  for (const [k, id] of ids.entries()) {
    const { rle, score } = itemOf(answer, id);
    if (!rle) throw new Error(`no rle of ${id}`);
    expect(maskIou(decodeRle(rle), expected[k]?.mask ?? []), id).toBeGreaterThanOrEqual(0.999);
    expect(Math.abs(score - (expected[k]?.score ?? Number.NaN)), id).toBeLessThan(1e-4);
  }
}

/** What a service answers, whatever it runs on: held against the closed form of its model. */
function servesMasks(family: Family, batch: SemanticModel['batch'], backend: Backend): void {
  const model = semanticModel(family, { batch });
  const prompts = testPrompts(model, picture);
  const [box] = prompts as [TestPrompt];
  let watcher: TestClient;

  beforeAll(async () => {
    const { url } = await broker();
    watcher = await client(url);
    const still = await stillCamera(picture);
    await serve(
      backend,
      configOf(url, {
        cameras: { front: { ...still, historyMs: 20_000 }, brief: { ...still, historyMs: 0 } },
        model: await semanticConfig(model, backend),
        pipeline: { maxAgeMs: 30_000 },
      }),
    );
    await ready(watcher, 'front', 'brief');
  });
  afterAll(closeAll);

  const expectMask = (
    answer: Masks,
    prompt: TestPrompt,
    options: { readonly multimask?: boolean; readonly start?: Float32Array } = {},
  ): void => expectMasks(answer, { model, shown: picture, prompt, ...options });

  it('answers several prompts of every kind in one message', async () => {
    const answer = await ask(watcher, 'front', { prompts });
    expect(answer).toMatchObject({
      camera: 'front',
      source: 'prompt',
      backend,
      model: `${family}-semantic`,
      frame: { width: picture.width, height: picture.height, skewMs: 0 },
    });
    expect(answer.masks.map(({ id }) => id)).toEqual(prompts.map(({ id }) => id));
    for (const prompt of prompts) expectMask(answer, prompt);
  });

  it('takes one prompt at the top level, normalized, with its label', async () => {
    const [x1, y1, x2, y2] = box.box ?? [0, 0, 0, 0];
    const { width, height } = picture;
    const message = { ...box, box: [x1 / width, y1 / height, x2 / width, y2 / height], label: 'cup' };
    const answer = await ask(watcher, 'front', { ...message, normalized: true });
    expect(itemOf(answer, 'box').label).toBe('cup');
    expectMask(answer, box);
  });

  it('gives the three candidates with multimask', async () => {
    const answer = await ask(watcher, 'front', { prompts: prompts.slice(0, 2), multimask: true });
    for (const prompt of prompts.slice(0, 2)) expectMask(answer, prompt, { multimask: true });
  });

  it('refines an earlier answer on the same frame, and encodes that frame once', async () => {
    const first = await ask(watcher, 'front', { prompts: [box] });
    const more: TestPrompt = { id: 'more', points: [{ x: 200, y: 60, label: 1 }] };
    const frame = { seq: first.frame.seq };
    const second = await ask(watcher, 'front', { frame, prompts: [{ ...more, refine: 'box' }] });
    expect(second.frame).toMatchObject({ seq: first.frame.seq, timestamp: first.frame.timestamp });
    expect(second.timing).toMatchObject({ embeddingReused: true, prepareMs: 0, encodeMs: 0 });
    const [start] = expectedMasks(model, picture, box);
    if (!start) throw new Error('no mask to refine');
    expectMask(second, more, { start: start.lowRes });
    const [plain] = expectedMasks(model, picture, more);
    const refined = decodeRle(itemOf(second, 'more').rle ?? { size: [0, 0], counts: '' });
    expect(maskIou(refined, plain?.mask ?? [])).toBeLessThan(0.99);
  });

  it('fails a refinement of what was not answered on that frame, alone', async () => {
    const prompt = { id: 'more', box: box.box, refine: 'nothing' };
    const answer = await ask(watcher, 'front', { prompts: [prompt, box] });
    expect(answer.masks[0]).toMatchObject({ id: 'more', error: { code: 'invalid_message' } });
    expectMask(answer, box);
  });

  it('fails a mask whose runs do not add up alone', async () => {
    const mask = { size: [picture.height, picture.width], counts: '01' };
    const answer = await ask(watcher, 'front', { prompts: [{ id: 'bad', mask }, box] });
    expect(answer.masks[0]).toMatchObject({ id: 'bad', error: { code: 'invalid_message' } });
    expectMask(answer, box);
  });

  it('takes the frame nearest to a capture time, and tells the skew', async () => {
    const { frame } = await ask(watcher, 'front', { prompts: [box] });
    const asked = { timestamp: frame.timestamp + 15, toleranceMs: 40 };
    const answer = await ask(watcher, 'front', { frame: asked, prompts: [box] });
    expect(Math.abs(answer.frame.timestamp - asked.timestamp)).toBeLessThanOrEqual(40);
    expect(answer.frame.skewMs).toBeCloseTo(answer.frame.timestamp - asked.timestamp, 3);
    expectMask(answer, box);
    const error = await askInVain(watcher, 'front', { frame: { timestamp: 1000 }, prompts: [box] });
    expect(error.code).toBe('frame_evicted');
  });

  it('says frame_evicted for a frame that is not held any more', async () => {
    const { frame } = await ask(watcher, 'brief', { prompts: [box] });
    let newer = frame;
    while (newer.seq <= frame.seq) newer = (await ask(watcher, 'brief', { prompts: [box] })).frame;
    const error = await askInVain(watcher, 'brief', { frame: { seq: frame.seq }, prompts: [box] });
    expect(error).toMatchObject({ code: 'frame_evicted', camera: 'brief' });
    expect(error.message).toContain(`seq ${frame.seq}`);
  });

  it('accounts for the time from capture to publication', async () => {
    const answer = await ask(watcher, 'front', { prompts: [box] });
    const now = Date.now();
    const { captureToPublishMs, encodeMs, decodeMs, embeddingReused } = answer.timing;
    if (!embeddingReused) expect(encodeMs).toBeGreaterThan(0);
    expect(decodeMs).toBeGreaterThan(0);
    // The message was published before it was received; one millisecond for the clocks' rounding.
    expect(answer.frame.timestamp + captureToPublishMs).toBeLessThanOrEqual(now + 1);
  });

  it('writes the encodings that are asked for, and no others', async () => {
    const encodings = ['rle', 'polygons', 'png', 'lowres'];
    const all = itemOf(await ask(watcher, 'front', { prompts: [box], encodings }), 'box');
    for (const key of encodings) expect(all).toHaveProperty(key);
    const none = itemOf(await ask(watcher, 'front', { prompts: [box], encodings: [] }), 'box');
    expect(Object.keys(none).sort()).toEqual(['area', 'box', 'centroid', 'id', 'score', 'stability']);
    expect(none.area).toBe(all.area);
  });

  it('keeps an empty mask, with area 0 and no box', async () => {
    const nothing = { id: 'nothing', points: [{ x: 20, y: 20, label: 0 }] };
    const item = itemOf(await ask(watcher, 'front', { prompts: [nothing] }), 'nothing');
    expect(item).toMatchObject({ area: 0, box: null });
    expect(decodeRle(item.rle ?? { size: [1, 1], counts: '' }).every((value) => value === 0)).toBe(true);
  });

  it('publishes on the camera’s masks topic too', async () => {
    const answer = await ask(watcher, 'front', { prompts: [box] });
    const published = await watcher.next(
      ({ topic, json }) => topic === `${BASE}/front/masks` && json.requestId === answer.requestId,
    );
    expect(published.json).toEqual(answer);
  });
}

describe.skipIf(serviceMissing() !== null).each<[Family, SemanticModel['batch']]>([
  ['nanosam', 'free'],
  ['sam', 1],
])('samwire run with %s graphs, batch %s', (family, batch) => servesMasks(family, batch, 'onnx'));

describe.skipIf(serviceMissing('tensorrt') !== null).each<[Family, SemanticModel['batch']]>([
  ['nanosam', 1],
  ['sam', 'free'],
])('samwire run with engines of %s graphs, batch %s', (family, batch) =>
  servesMasks(family, batch, 'tensorrt'),
);

describe.skipIf(serviceMissing() !== null).each<[Family, SemanticModel['batch']]>([
  ['edgesam', 1],
  ['efficientvit-sam', 'free'],
  ['efficientsam', 1],
])('samwire run with %s graphs, batch %s, of a portrait', (family, batch) => {
  afterEach(closeAll);

  it('answers boxes, points and both, with one mask and with three', async () => {
    const model = semanticModel(family, { batch });
    const portrait = testPicture(173, 267);
    const { url } = await broker();
    const watcher = await client(url);
    const cameras = { front: await stillCamera(portrait) };
    await run(configOf(url, { cameras, model: await semanticConfig(model) }));
    await ready(watcher, 'front');
    const prompts = testPrompts(model, portrait);
    const single = await ask(watcher, 'front', { prompts });
    const multi = await ask(watcher, 'front', { prompts, multimask: true });
    for (const prompt of prompts) {
      expectMasks(single, { model, shown: portrait, prompt });
      expectMasks(multi, { model, shown: portrait, prompt, multimask: true });
    }
  });
});
