import { describe, expect, it } from 'vitest';
import type { ModelThresholds } from '../../src/everything/options.js';
import type { EverythingOptions } from '../../src/everything/types.js';
import type { Camera } from '../../src/frames/camera.js';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeAddon } from '../../src/native/types.js';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { answerEverything, type EverythingJob } from '../../src/pipeline/everything.js';
import { Scheduler } from '../../src/pipeline/schedule/scheduler.js';
import { checkEverythingRequest } from '../../src/prompts/everything.js';
import type { Box } from '../../src/prompts/types.js';
import type { Candidate, Segmenter, SegmentRequest } from '../../src/segment/segmenter.js';
import { FakeCamera } from './doubles.js';

const addon = loadAddon();
const [WIDTH, HEIGHT] = [64, 48];
const TIMING = { prepareMs: 0, encodeMs: 0, decodeMs: 1, maskMs: 0, embeddingReused: true };

/** The mask that fills a box; a point's is the 8 × 8 pixels around it. */
function filled([x1, y1, x2, y2]: Box, score: number): Candidate {
  const mask = new Uint8Array(WIDTH * HEIGHT);
  for (let y = y1; y < y2; y += 1) mask.fill(1, y * WIDTH + x1, y * WIDTH + x2);
  const { counts, area, box } = addon.maskToRle(mask, WIDTH, HEIGHT);
  const lowres = { size: [12, 16], counts: '0', scale: [4, 4] } as const;
  return { index: 0, score, stability: 0.9, area, box, rle: { size: [HEIGHT, WIDTH], counts }, lowres };
}

/** A segmenter that fills what it is asked with, and tells in `log` what it was asked for. */
function filling(log: string[], abilities: Partial<Segmenter> = {}): Segmenter {
  return {
    model: 'test',
    backend: 'onnx',
    runsAtOnce: 1,
    async segment({ prompts, minScore = 0 }: SegmentRequest) {
      log.push(prompts.map(({ id }) => id).join(' '));
      const results = prompts.map(({ box, points }, i) => {
        const { x, y } = points[0] ?? { x: 0, y: 0 };
        const around: Box = [x - 4, y - 4, x + 4, y + 4].map(Math.round) as unknown as Box;
        const candidate = filled(box ?? around, 0.5 + i / 100);
        return { candidates: candidate.score < minScore ? [] : [candidate] };
      });
      return { results, timing: TIMING };
    },
    async close() {},
    ...abilities,
  };
}

function setup(segmenter: Segmenter, thresholds?: ModelThresholds) {
  const handles = new Map<number, number>();
  const count = (id: number, by: number) => handles.set(id, (handles.get(id) ?? 0) + by);
  const camera = new FakeCamera('front', handles);
  const scheduler = new Scheduler({
    segmenter,
    releaseFrame: (id) => count(id, -1),
    queueLimit: 8,
    maxPrompts: 64,
    onDeviceFailed: () => undefined,
  });
  const counted: Partial<NativeAddon> = {
    retainFrame: (id) => count(id, 1) !== undefined,
    releaseFrame: (id) => count(id, -1),
  };
  const ask = async (
    body: object,
    defaults: Pick<EverythingOptions, 'strategy' | 'grid'> = { strategy: 'grid', grid: 2 },
  ) => {
    const now = Date.now();
    camera.push(1, now - 10);
    const job: EverythingJob = {
      camera: camera as unknown as Camera,
      message: checkEverythingRequest({ camera: 'front', ...body }),
      requested: true,
      receivedAtMs: now,
      beginByMs: Number.POSITIVE_INFINITY,
      maxAgeMs: 500,
    };
    const answer = await answerEverything(job, {
      addon: { ...addon, ...counted },
      scheduler,
      segmenter,
      defaults,
      thresholds,
      encodings: ['rle'],
      polygonTolerancePx: 1,
    });
    counted.releaseFrame?.(answer.frame.id);
    await new Promise((resolve) => setImmediate(resolve));
    expect([...handles.values()]).toEqual([0]);
    masksMessageSchema.parse(answer.message);
    return answer;
  };
  return { ask, scheduler, camera };
}

const boxesOf = ({ message }: Awaited<ReturnType<ReturnType<typeof setup>['ask']>>) =>
  message.masks.map((mask) => ('error' in mask ? null : mask.box));

describe('everything of a frame', () => {
  it('is a mask for each box that the request brings, in its order, scaled and clipped', async () => {
    const log: string[] = [];
    const boxes = [
      [0.5, 0.5, 1.5, 1],
      [0, 0, 0.25, 0.25],
    ];
    const answer = await setup(filling(log)).ask({ boxes, normalized: true });
    expect(boxesOf(answer)).toEqual([
      [32, 24, 64, 48],
      [0, 0, 16, 12],
    ]);
    expect(answer.message.masks.map(({ id }) => id)).toEqual(['0', '1']);
    expect(answer).toMatchObject({ prompts: 2, message: { source: 'everything', camera: 'front' } });
    expect([...answer.lowres.keys()]).toEqual(['0', '1']);
    expect(log).toEqual(['0 1']);
  });

  it('takes the model’s own boxes in a turn of their own, after which waiting prompts go first', async () => {
    const log: string[] = [];
    let prompt: Promise<unknown> = Promise.resolve();
    const { ask, scheduler, camera } = setup(
      filling(log, {
        proposals: async () => {
          log.push('proposals');
          prompt = scheduler.submit({
            kind: 'prompt',
            camera: camera as unknown as Camera,
            frame: 'latest',
            prompts: () => [{ id: 'client', points: [{ x: 9, y: 9, label: 1 }] }],
            promptCount: 1,
            multimask: false,
            receivedAtMs: Date.now(),
            maxAgeMs: 500,
          });
          return [{ box: [8, 8, 24, 24], score: 0.3 }];
        },
      }),
    );
    expect(boxesOf(await ask({ strategy: 'boxes' }))).toEqual([[8, 8, 24, 24]]);
    await prompt;
    expect(log).toEqual(['proposals', 'client', '0']);
  });

  it('is what the network finds by itself, where it can, whatever the strategy', async () => {
    const log: string[] = [];
    const masks = [filled([0, 0, 8, 8], 0.4), filled([20, 20, 40, 40], 0.3)];
    const { ask } = setup(filling(log, { everything: async () => ({ masks, timing: TIMING }) }));
    expect(boxesOf(await ask({ grid: 8 }))).toEqual([
      [0, 0, 8, 8],
      [20, 20, 40, 40],
    ]);
    expect(log).toEqual([]);
  });

  it('drops what is below the model’s thresholds, and below those of the request instead', async () => {
    const { ask } = setup(filling([]), { minScore: 0.51, minStability: 0.5 });
    expect((await ask({})).message.masks).toHaveLength(2);
    expect((await ask({ minScore: 0.1 })).message.masks).toHaveLength(4);
    expect((await ask({ minStability: 0.95, minScore: 0.1 })).message.masks).toHaveLength(0);
  });

  it('has an edge map beside it, in turns of its own, where the model can, and else says that it can not', async () => {
    const log: string[] = [];
    const map = { width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT).fill(9) };
    const { ask } = setup(
      filling(log, {
        edges: async ({ prompts, last }) => {
          log.push(`${prompts.length} edges`);
          return { map: last ? map : null, timing: TIMING };
        },
      }),
    );
    const answer = await ask({ edges: true });
    expect(answer.edges).toEqual(map);
    expect(answer.prompts).toBeGreaterThan(4 + 256);
    expect(
      log.filter((asked) => asked.endsWith('edges')).every((asked) => Number.parseInt(asked, 10) <= 8),
    ).toBe(true);
    expect((await ask({})).edges).toBeNull();
    await expect(setup(filling([])).ask({ edges: true })).rejects.toMatchObject({
      code: 'unsupported_prompt',
      details: [{ path: 'edges' }],
    });
  });

  it('accounts for all the time from the capture on', async () => {
    const slow = filling([]);
    const { segment } = slow;
    const segmenter = {
      ...slow,
      segment: async (request: SegmentRequest) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return segment(request);
      },
    };
    const { message } = await setup(segmenter, { minScore: 0, minStability: 0 }).ask({ grid: 4 });
    const { ageMs, queueMs, decodeMs, maskMs, captureToPublishMs } = message.timing;
    expect(ageMs).toBe(10);
    expect(decodeMs).toBe(2);
    expect(maskMs).toBeGreaterThan(50);
    expect(captureToPublishMs - ageMs - queueMs).toBeGreaterThan(55);
  });
});
