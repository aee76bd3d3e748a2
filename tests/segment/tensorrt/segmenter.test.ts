import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import type { PromptResult, SegmentPrompt } from '../../../src/segment/segmenter.js';
import { createTensorrtSegmenter } from '../../../src/segment/tensorrt/segmenter.js';
import { addonDouble, ENGINES, manifestOf, setup } from './double.js';

const frame = { id: 5, width: 64, height: 48 };
const point = (id: string, x = 10): SegmentPrompt => ({
  id,
  points: [{ x, y: 20, label: 1 }],
  multimask: false,
});
const box = (id: string): SegmentPrompt => ({ id, points: [], box: [1, 2, 30, 40], multimask: false });
const stability = { delta: 0.05, threshold: 0.98 };
const fromMask = (id: string, level: number): SegmentPrompt => ({
  ...box(id),
  mask: { size: [48, 64], counts: `${level}` },
});
const countsOf = (result: PromptResult | undefined): string[] =>
  result && 'candidates' in result ? result.candidates.map(({ rle }) => rle.counts) : [];

describe('opening engines', () => {
  it('tells the addon the tensors of both graphs and how much to keep', async () => {
    const { addon, segmenter } = await setup();
    expect(addon.opened).toMatchObject([
      {
        model: {
          image: { width: 64, height: 64, filter: 'bilinear', padLevel: null },
          encoder: { image: 'image', embedding: 'embedding', features: [] },
          decoder: {
            embeddings: 'image_embeddings',
            coords: 'point_coords',
            labels: 'point_labels',
            lowRes: 'low_res_masks',
            iou: 'iou_predictions',
            maskInput: 'mask_input',
            hasMaskInput: 'has_mask_input',
            origSize: '',
          },
          coordsRank: 3,
          gridWidth: 4,
          gridHeight: 3,
          candidates: 4,
          maxPrompts: 8,
          maxPoints: 4,
          multi: [1, 2, 3],
          stabilityDelta: 0,
          refineClamp: 0,
        },
        options: {
          encoderPlan: '/cache/encoder.plan',
          decoderPlan: '/cache/decoder.plan',
          device: 1,
          dlaCore: 0,
          logitsKept: 128,
          requestsAtOnce: 2,
        },
      },
    ]);
    expect(segmenter).toMatchObject({ model: 'double', backend: 'tensorrt', runsAtOnce: 2 });
    await segmenter.close();
    expect(addon.closed).toBe(1);
  });

  it('tells it of features, the frame’s size, and how SAM 2 chooses and keeps', async () => {
    const inputs = { embeddings: 'e', coords: 'c', labels: 'l', origSize: 'orig_im_size' };
    const features = [{ name: 'high_res_feats_0', shape: [2, 4, 4] as const }];
    const { addon } = await setup({
      decoder: { inputs },
      features,
      mask: { single: 'stable', stability, refineClamp: 32 },
    });
    expect(addon.opened[0]).toMatchObject({
      model: {
        encoder: { features: ['high_res_feats_0'] },
        decoder: { origSize: 'orig_im_size' },
        stabilityDelta: 0.05,
        stabilityThreshold: 0.98,
        refineClamp: 32,
      },
    });
  });

  it('keeps no logits for a model that takes no mask', async () => {
    const inputs = { embeddings: 'e', coords: 'c', labels: 'l' };
    const { addon, segmenter, answer } = await setup({ decoder: { inputs } });
    expect(addon.opened[0]).toMatchObject({
      model: { decoder: { maskInput: '', hasMaskInput: '' } },
      options: { logitsKept: 0 },
    });
    const asked = segmenter.segment({ frame, prompts: [point('a'), fromMask('b', 1)] });
    const call = await answer();
    expect(call.groups.map(({ tasks }) => tasks)).toEqual([[{ row: 0, plane: -1, keep: -1 }]]);
    expect((await asked).results[1]).toMatchObject({ error: { code: 'unsupported_prompt' } });
  });

  it('ends the process at once where it is to end while they load, and not afterwards', async () => {
    let loaded: () => void = () => undefined;
    const addon = addonDouble(
      new Promise((resolve) => {
        loaded = resolve;
      }),
    );
    const log = pino({ level: 'silent' });
    const listening = process.listenerCount('exit');
    const opening = createTensorrtSegmenter({ manifest: manifestOf(), engines: ENGINES, addon, log });
    const [end] = process.listeners('exit').slice(listening);
    end?.call(process, 3);
    expect(addon.ended).toEqual([3]);
    loaded();
    await opening;
    expect(process.listenerCount('exit')).toBe(listening);
  });

  it('is given up at once when the service stops, and closes what is loaded after that', async () => {
    let loaded: () => void = () => undefined;
    const addon = addonDouble(
      new Promise((resolve) => {
        loaded = resolve;
      }),
    );
    const stop = new AbortController();
    const opening = createTensorrtSegmenter({
      manifest: manifestOf(),
      engines: ENGINES,
      addon,
      log: pino({ level: 'silent' }),
      signal: stop.signal,
    });
    stop.abort();
    await expect(opening).rejects.toThrow('stopped while it loaded');
    expect(addon.closed).toBe(0);
    loaded();
    await new Promise((resolve) => setImmediate(resolve));
    expect(addon.closed).toBe(1);
  });
});

describe('a request to engines', () => {
  it('is sorted into runs of equal N, none larger than the engine takes, and answered prompt by prompt', async () => {
    const { segmenter, answer } = await setup({ maxPrompts: 2 });
    const prompts = [point('a'), box('b'), point('c', 30), point('d', 40)];
    const asked = segmenter.segment({ frame, prompts });
    await new Promise((resolve) => setTimeout(resolve, 15));
    const { groups, frameId, mask } = await answer();
    expect(frameId).toBe(5);
    expect(mask).toMatchObject({ gridWidth: 4, gridHeight: 3, frameWidth: 64, frameHeight: 48 });
    expect(groups.map(({ rows, points }) => [rows, points])).toEqual([
      [2, 1],
      [1, 2],
      [1, 1],
    ]);
    expect([...(groups[0]?.coords ?? [])]).toEqual([10, 20, 30, 20]);
    expect([...(groups[1]?.labels ?? [])]).toEqual([2, 3]);
    expect(groups.every(({ starts }) => starts === undefined)).toBe(true);
    const { results, timing } = await asked;
    expect(results.map(countsOf)).toEqual([['g0r0p-1'], ['g1r0p-1'], ['g0r1p-1'], ['g2r0p-1']]);
    expect(timing).toEqual({ prepareMs: 1, encodeMs: 2, decodeMs: 3, maskMs: 4, embeddingReused: true });
  });

  it('tells of the masks’ time only what the decoder did not hide', async () => {
    const { segmenter, answer } = await setup();
    const beganAtMs = performance.now();
    const asked = segmenter.segment({ frame, prompts: [box('b')] });
    await answer();
    const { prepareMs, encodeMs, decodeMs, maskMs } = (await asked).timing;
    const tookMs = performance.now() - beganAtMs;
    expect([prepareMs, encodeMs, decodeMs]).toEqual([1, 2, 3]);
    expect(maskMs).toBeLessThanOrEqual(Math.min(4, Math.max(0, tookMs - 6)));
  });

  it('are made at the level that the request names, unsure ones left out, and kept only where they may be refined', async () => {
    const { segmenter, answer } = await setup();
    const asked = segmenter.segment({
      frame,
      prompts: [point('a'), point('b')],
      threshold: 2.5,
      minScore: 0.05,
      keepLogits: false,
    });
    const call = await answer();
    expect(call.mask.threshold).toBe(2.5);
    expect(call.groups.flatMap(({ tasks }) => tasks.map(({ keep }) => keep))).toEqual([-1, -1]);
    // The double's scores are the row's number over ten.
    expect((await asked).results.map(countsOf)).toEqual([[], ['g0r1p-1']]);
  });

  it('keeps the logits of the prompts that say so, whatever the request says', async () => {
    const { segmenter, answer } = await setup();
    void segmenter.segment({ frame, prompts: [{ ...point('a'), keepLogits: false }, point('b')] });
    const call = await answer();
    expect(call.groups.flatMap(({ tasks }) => tasks.map(({ keep }) => keep >= 0))).toEqual([false, true]);
  });

  it('rounds scores as the onnx backend does, and gives the rest as it came', async () => {
    const { segmenter, answer } = await setup();
    const asked = segmenter.segment({ frame, prompts: [point('a'), point('b')] });
    await answer();
    expect((await asked).results[1]).toEqual({
      candidates: [
        {
          index: 0,
          score: 0.1,
          stability: 0.123456,
          area: 7,
          box: [1, 2, 3, 4],
          rle: { size: [48, 64], counts: 'g0r1p-1' },
          lowres: { size: [3, 4], counts: 'low', scale: [2, 2] },
        },
      ],
    });
  });

  it.each([
    ['best-score', -1],
    ['official', -2],
    ['best-multi', -3],
    ['stable', -4],
    [2, 2],
  ] as const)('with `single: %s` asks for plane %i', async (single, plane) => {
    const { segmenter, answer } = await setup({ mask: { single, stability } });
    void segmenter.segment({ frame, prompts: [point('a')] });
    expect((await answer()).groups[0]?.tasks).toMatchObject([{ row: 0, plane }]);
  });

  it('with multimask asks for each of the candidates that the manifest names', async () => {
    const { segmenter, answer } = await setup();
    const asked = segmenter.segment({ frame, prompts: [{ ...point('a'), multimask: true }, point('b')] });
    const call = await answer();
    expect(call.groups[0]?.tasks.map(({ row, plane }) => [row, plane])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, -1],
    ]);
    expect((await asked).results.map(countsOf)).toEqual([['g0r0p1', 'g0r0p2', 'g0r0p3'], ['g0r1p-1']]);
  });

  it('without prompts, or with none that the model takes, does not reach the engines', async () => {
    const { segmenter, addon } = await setup();
    const many = {
      ...point('many'),
      points: Array.from({ length: 9 }, () => ({ x: 1, y: 1, label: 1 as const })),
    };
    expect((await segmenter.segment({ frame, prompts: [] })).results).toEqual([]);
    const { results, timing } = await segmenter.segment({ frame, prompts: [many] });
    expect(results).toMatchObject([{ error: { code: 'unsupported_prompt' } }]);
    expect(timing).toMatchObject({ encodeMs: 0, embeddingReused: false });
    expect(addon.calls).toEqual([]);
  });

  it('fails with what the addon says', async () => {
    const { segmenter, answer } = await setup();
    const asked = segmenter.segment({ frame, prompts: [point('a')] });
    asked.catch(() => undefined);
    await answer(new SamwireError('device_failed', 'gone'));
    await expect(asked).rejects.toMatchObject({ code: 'device_failed', message: 'gone' });
  });
});

describe('prompts that start from a mask', () => {
  it('hand the mask over as logits, beside prompts without one', async () => {
    const { segmenter, answer } = await setup();
    void segmenter.segment({ frame, prompts: [box('a'), fromMask('b', -1)] });
    const { groups } = await answer();
    expect(groups[0]?.starts).toEqual([null, new Float32Array(12).fill(-10)]);
  });

  it('refine an answer of the same frame by its slot, and fail alone where there is none', async () => {
    const { segmenter, answer } = await setup();
    void segmenter.segment({ frame, prompts: [{ ...box('a'), multimask: true }, box('b')] });
    const slots = (await answer()).groups[0]?.tasks.map(({ keep }) => keep) ?? [];
    expect(new Set(slots).size).toBe(4);
    expect(Math.min(...slots)).toBeGreaterThanOrEqual(0);
    const asked = segmenter.segment({
      frame,
      prompts: ['b', 'a#2', 'a', 'b'].map((refine, i) => ({ ...box(`r${i}`), refine })),
    });
    const { groups } = await answer();
    expect(groups[0]?.starts).toEqual([slots[3], slots[2], slots[3]]);
    const { results } = await asked;
    expect(results[2]).toMatchObject({
      error: { code: 'invalid_message', message: expect.stringContaining('refines "a"') },
    });
    expect(results.map(countsOf)).toEqual([['g0r0p-1'], ['g0r1p-1'], [], ['g0r2p-1']]);
    const other = await segmenter.segment({
      frame: { ...frame, id: 6 },
      prompts: [{ ...box('x'), refine: 'b' }],
    });
    expect(other.results).toMatchObject([{ error: { code: 'invalid_message' } }]);
  });

  it('may refine an answer that is still at work, and fail with it', async () => {
    const { segmenter, answer } = await setup();
    const first = segmenter.segment({ frame, prompts: [box('a'), box('b')] });
    first.catch(() => undefined);
    const second = segmenter.segment({ frame, prompts: [{ ...box('c'), refine: 'a' }, box('d')] });
    const ofC = segmenter.segment({ frame, prompts: [{ ...box('f'), refine: 'c' }] });
    await answer(new SamwireError('model_failed', 'no'));
    const { groups } = await answer();
    expect(groups[0]?.starts).toEqual([expect.any(Number), null]);
    const { results } = await second;
    expect(results[0]).toMatchObject({ error: { code: 'model_failed' } });
    expect(countsOf(results[1])).toEqual(['g0r1p-1']);
    await answer();
    expect((await ofC).results).toMatchObject([{ error: { code: 'model_failed' } }]);
    const third = await segmenter.segment({ frame, prompts: [{ ...box('e'), refine: 'a' }] });
    expect(third.results).toMatchObject([{ error: { code: 'invalid_message' } }]);
  });

  it('may start from an answer on an earlier frame, and go without one that is not held', async () => {
    const { segmenter, answer } = await setup();
    const first = segmenter.segment({ frame, prompts: [box('a')] });
    const slot = (await answer()).groups[0]?.tasks[0]?.keep;
    await first;
    const previous = (maskId: string) => ({ previous: { frameId: frame.id, maskId } });
    const later = segmenter.segment({
      frame: { ...frame, id: 6 },
      prompts: [
        { ...box('a'), ...previous('a') },
        { ...box('b'), ...previous('b') },
      ],
    });
    expect((await answer()).groups[0]?.starts).toEqual([slot, null]);
    expect((await later).results.map(countsOf)).toEqual([['g0r0p-1'], ['g0r1p-1']]);
  });

  it('never write the slot that a prompt of the same request starts from, in a thousand requests', async () => {
    const { segmenter, answer } = await setup({ maxPrompts: 40 });
    for (let round = 0; round < 1000; round++) {
      const prompts = Array.from({ length: 40 }, (_, i) => ({
        ...box(`p${(round * 7 + i) % 90}`),
        ...(round > 0 && i % 2 === 0 ? { refine: `p${((round - 1) * 7 + i) % 90}` } : {}),
      }));
      void segmenter.segment({ frame, prompts });
      const groups = (await answer()).groups;
      const written = groups.flatMap(({ tasks }) => tasks.map(({ keep }) => keep));
      const started = new Set(groups.flatMap(({ starts = [] }) => starts));
      expect(new Set(written).size).toBe(40);
      expect(written.filter((slot) => started.has(slot) || slot < 0 || slot >= 128)).toEqual([]);
    }
  });

  it('of more masks than are kept, the last are', async () => {
    const { segmenter, answer } = await setup({ maxPrompts: 100 });
    void segmenter.segment({ frame, prompts: Array.from({ length: 100 }, (_, i) => box(`p${i}`)) });
    const kept = (await answer()).groups.flatMap(({ tasks }) => tasks.map(({ keep }) => keep >= 0));
    expect(kept).toEqual(Array.from({ length: 100 }, (_, i) => i >= 36));
    const asked = segmenter.segment({
      frame,
      prompts: ['p35', 'p36'].map((refine) => ({ ...box(`of-${refine}`), refine })),
    });
    await answer();
    expect((await asked).results).toMatchObject([
      { error: { code: 'invalid_message' } },
      { candidates: [{}] },
    ]);
  });
});
