import { afterEach, describe, expect, it } from 'vitest';
import { segmentEverything } from '../../src/everything/generate.js';
import { budgetOf } from '../../src/everything/hierarchical.js';
import { everythingOptions } from '../../src/everything/options.js';
import { EVERYTHING_DEFAULTS, type EverythingRequest } from '../../src/everything/types.js';
import { loadAddon } from '../../src/native/addon.js';
import type { Candidate, SegmentRequest, SegmentResult } from '../../src/segment/segmenter.js';
import { encodeRle } from '../segment/coco-rle.js';

const [WIDTH, HEIGHT] = [64, 48];
const TIMING = { prepareMs: 1, encodeMs: 2, decodeMs: 3, maskMs: 4, embeddingReused: false };
const addon = loadAddon();
afterEach(() => expect(addon.framesInUse()).toBe(0));

/** A candidate whose mask is a rectangle with exclusive x2, y2. */
function rectangle(box: readonly [number, number, number, number], score: number, index = 0): Candidate {
  const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    return Number(x >= box[0] && x < box[2] && y >= box[1] && y < box[3]);
  });
  const rle = encodeRle(mask, WIDTH, HEIGHT);
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return { index, score, stability: 1, area, box, rle, lowres: { ...rle, scale: [1, 1] } };
}

interface Scene {
  /** What the model finds at a point; its boxes are answered with themselves. */
  readonly at?: (x: number, y: number) => readonly Candidate[];
  readonly asked?: [number, number][];
  readonly requests?: SegmentRequest[];
}

/** A model that answers as the scene says. */
function model({ at = () => [], asked = [], requests = [] }: Scene): EverythingRequest['segment'] {
  return async (request): Promise<SegmentResult> => {
    requests.push(request);
    const results = request.prompts.map(({ points: [point], box }) => {
      if (box) return { candidates: [rectangle(box, 0.3)] };
      asked.push([point?.x ?? 0, point?.y ?? 0]);
      const found = at(point?.x ?? 0, point?.y ?? 0);
      return { candidates: found.filter(({ score }) => score >= (request.minScore ?? 0)) };
    });
    return { results, timing: TIMING };
  };
}

async function everything(
  request: Partial<EverythingRequest> & Pick<EverythingRequest, 'segment' | 'options'>,
) {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  const frame = addon.createFrame({
    format: 'RGB',
    width: WIDTH,
    height: HEIGHT,
    data,
    timestamp: 1,
    seq: 0,
  });
  try {
    return await segmentEverything({ frame, addon, ...request });
  } finally {
    addon.releaseFrame(frame.id);
  }
}

describe('the strategy hierarchical', () => {
  const options = { ...EVERYTHING_DEFAULTS, strategy: 'hierarchical', grid: 16 } as const;

  it('decodes half of the grid, each point once, the sparse ones first', async () => {
    const asked: [number, number][] = [];
    const result = await everything({ segment: model({ asked }), options });
    expect(result.prompts).toBe(128);
    expect(asked.length).toBe(128);
    expect(new Set(asked.map(String)).size).toBe(128);
    const sparse = [1.5, 5.5, 9.5, 13.5];
    expect(asked.slice(0, 16)).toEqual(
      sparse.flatMap((row) => sparse.map((column) => [(column * WIDTH) / 16, row * 3])),
    );
  });

  it('looks where masks get better, not at bare ground', async () => {
    const asked: [number, number][] = [];
    // The right half is full of small things, each with a mask of its own; on the left there is nothing.
    const at = (x: number, y: number): Candidate[] =>
      x < WIDTH / 2
        ? []
        : [rectangle([Math.floor(x) - 1, Math.floor(y) - 1, Math.floor(x) + 2, Math.floor(y) + 2], 0.9)];
    const { masks } = await everything({ segment: model({ at, asked }), options });
    const right = asked.filter(([x]) => x > WIDTH / 2).length;
    expect(right).toBeGreaterThan(0.85 * asked.length);
    expect(masks.length).toBeGreaterThan(100);
  });

  it('does not stay where one large mask has been found already', async () => {
    const asked: [number, number][] = [];
    const large = rectangle([0, 0, WIDTH / 2, HEIGHT], 0.95);
    const at = (x: number, y: number): Candidate[] =>
      x < WIDTH / 2
        ? [large]
        : [rectangle([Math.floor(x) - 1, Math.floor(y) - 1, Math.floor(x) + 2, Math.floor(y) + 2], 0.9)];
    await everything({ segment: model({ at, asked }), options });
    const right = asked.filter(([x]) => x > WIDTH / 2).length;
    expect(right).toBeGreaterThan(0.7 * asked.length);
  });

  it('serves any grid', async () => {
    for (const grid of [1, 2, 3, 5, 7]) {
      const { prompts } = await everything({ segment: model({}), options: { ...options, grid } });
      expect(prompts).toBe(budgetOf(grid));
      expect(prompts).toBeLessThanOrEqual(grid * grid);
    }
  });
});

describe('the strategy hierarchical by TinySAM’s own rule', () => {
  const options = { ...EVERYTHING_DEFAULTS, strategy: 'hierarchical', grid: 8, confidentLogit: 8.5 } as const;

  it('leaves out dense points where a mask of the sparse round is sure, and nowhere else', async () => {
    const requests: SegmentRequest[] = [];
    const asked: [number, number][] = [];
    // At 0 the left object reaches to column 40; above 8.5 it ends at 24. The right one is sure, but is dropped.
    const answer = model({ asked, requests, at: (x) => [x < 32 ? left(40) : right] });
    const left = (end: number): Candidate => rectangle([0, 0, end, HEIGHT], 0.95);
    const right = { ...rectangle([44, 0, 64, HEIGHT], 0.95), stability: 0.5 };
    const segment = async (request: SegmentRequest): Promise<SegmentResult> => {
      const { results, timing } = await answer(request);
      if (request.threshold === undefined) return { results, timing };
      expect(request.threshold).toBe(8.5);
      const core = request.prompts.map(({ points: [point] }) => ((point?.x ?? 0) < 32 ? left(24) : right));
      return { results: core.map((candidate) => ({ candidates: [candidate] })), timing };
    };
    const { masks, prompts } = await everything({ segment, options });
    const sparse = [16, 48].flatMap((x) => [12, 36].map((y) => `${x},${y}`));
    // Steps of 8 × 6 pixels, from one before a sparse point to two after it.
    const dense = [16, 48].flatMap((x0) =>
      [12, 36].flatMap((y0) =>
        [-1, 0, 1, 2].flatMap((column) =>
          [-1, 0, 1, 2].map((row) => [x0 + 8 * column, y0 + 6 * row] as const),
        ),
      ),
    );
    const wanted = dense
      .map(([x, y]) => ({ x, key: `${x},${y}` }))
      .filter(({ x, key }) => x >= 24 && x < WIDTH && !sparse.includes(key) && !key.endsWith(',48'));
    expect(asked.slice(8).map(String).sort()).toEqual(wanted.map(({ key }) => key).sort());
    expect(prompts).toBe(8 + wanted.length);
    expect(masks.map(({ box }) => box)).toEqual([[0, 0, 40, HEIGHT]]);
  });
});

describe('the strategy boxes', () => {
  const options = everythingOptions({ strategy: 'boxes' }, { segmenter: {} });
  const boxes = [
    [0, 0, 20, 20],
    [0, 0, 20, 19],
    [30, 10, 60, 40],
  ] as const;

  it('gives one mask a box in the order of the boxes, whatever its score, with the box beside it', async () => {
    const requests: SegmentRequest[] = [];
    const { masks, prompts } = await everything({
      segment: model({ requests }),
      options: { ...options, boxes },
      promptsPerRun: 2,
    });
    expect(masks.map(({ promptBox }) => promptBox)).toEqual(boxes);
    expect(masks.map(({ box }) => box)).toEqual(boxes);
    expect(masks.every(({ point }) => point === null)).toBe(true);
    expect(prompts).toBe(3);
    expect(requests.map((request) => request.prompts.length)).toEqual([2, 1]);
    expect(requests[0]?.prompts[0]).toMatchObject({ multimask: false, points: [] });
  });

  it('takes those that the model proposes, and drops doubles where it is asked to', async () => {
    const proposals = async () => boxes.map((box, i) => ({ box, score: 0.9 - i / 10 }));
    const { masks } = await everything({
      segment: model({}),
      proposals,
      options: { ...options, nmsIou: 0.9 },
    });
    expect(masks.map(({ promptBox }) => promptBox)).toEqual([boxes[0], boxes[2]]);
  });

  it('says so where there are none', async () => {
    await expect(everything({ segment: model({}), options })).rejects.toMatchObject({
      code: 'unsupported_prompt',
      message: expect.stringContaining('this model proposes none'),
    });
  });
});

describe('a network that finds all objects by itself', () => {
  it('is asked directly, with no threshold unless one is given, and its masks are kept', async () => {
    const asked: unknown[] = [];
    const found = [rectangle([0, 0, 9, 9], 0.5), rectangle([20, 0, 29, 9], 0.4, 1)];
    const own = async (request: object) => {
      asked.push(request);
      return { masks: found, timing: TIMING };
    };
    const segmenter = { everything: own };
    for (const minScore of [undefined, 0.45]) {
      const options = everythingOptions({ strategy: 'hierarchical', minScore }, { segmenter });
      const result = await everything({ segment: model({}), everything: own, options });
      expect(result).toMatchObject({ prompts: 0, runs: 0, timing: { encodeMs: 2 } });
      expect(result.masks.map(({ box }) => box)).toEqual(found.map(({ box }) => box));
    }
    expect(asked[0]).not.toHaveProperty('minScore');
    expect(asked[1]).toHaveProperty('minScore', 0.45);
  });
});

describe('segmenting everything', () => {
  const options = { ...EVERYTHING_DEFAULTS, strategy: 'grid', grid: 4 } as const;
  const at = (x: number, y: number): Candidate[] => [
    rectangle([x - 2, y - 2, x + 2, y + 2], 0.9 + x / 10_000),
  ];

  it('stops between two runs when it is told to, with the reason', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    const work = everything({
      segment: model({ at }),
      options,
      promptsPerRun: 4,
      signal: stop.signal,
      onProgress: ({ done, total }) => {
        seen.push(done);
        expect(total).toBe(16);
        if (done === 8) stop.abort(new Error('enough'));
      },
    });
    await expect(work).rejects.toThrow('enough');
    expect(seen).toEqual([4, 8]);
  });

  it('lets a prompt that the model refuses end it, with the reason', async () => {
    const error = { code: 'unsupported_prompt', message: 'no points' } as const;
    const segment = async ({ prompts }: SegmentRequest): Promise<SegmentResult> => ({
      results: prompts.map(() => ({ error })),
      timing: TIMING,
    });
    await expect(everything({ segment, options })).rejects.toMatchObject(error);
  });

  it('keeps no logits, sums the times and gives at most as many masks as wanted', async () => {
    const requests: SegmentRequest[] = [];
    const { masks, timing } = await everything({
      segment: model({ at, requests }),
      options: { ...options, maxMasks: 3 },
      promptsPerRun: 8,
    });
    expect(masks.length).toBe(3);
    expect(masks.map(({ score }) => score)).toEqual([...masks.map(({ score }) => score)].sort().reverse());
    expect(requests.every(({ keepLogits }) => keepLogits === false)).toBe(true);
    expect(timing).toMatchObject({ encodeMs: 4, decodeMs: 6, embeddingReused: false });
  });

  it('has thresholds by what is told of the model, and the generator’s own elsewhere', () => {
    const segmenter = {};
    expect(everythingOptions({}, { segmenter })).toMatchObject({
      minScore: 0.88,
      minStability: 0.95,
      nmsIou: 0.7,
    });
    const thresholds = { minScore: 0.65, minStability: 0.1 };
    expect(everythingOptions({ minStability: 0.2 }, { segmenter, thresholds })).toMatchObject({
      minScore: 0.65,
      minStability: 0.2,
    });
    expect(everythingOptions({ strategy: 'boxes' }, { segmenter, thresholds })).toMatchObject({
      minScore: 0,
      minStability: 0,
      nmsIou: 1,
    });
  });
});
