import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { EDGE_OPTIONS, edgeMapOf } from '../../src/everything/edges.js';
import { readModelDirectory } from '../../src/models/directory.js';
import { loadAddon } from '../../src/native/addon.js';
import type { NativeFrameInfo } from '../../src/native/types.js';
import { createSegmenter } from '../../src/segment/create.js';
import type { EdgesRequest, Segmenter, SegmentRequest } from '../../src/segment/segmenter.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { fullSize } from '../graphs/reference.js';
import { STRIDE, semanticModel } from '../graphs/semantics.js';
import { expectedMasks } from '../segment/expected.js';
import { testPicture } from '../segment/picture.js';
import { softEdges, thinned } from './edge-reference.js';
import { officialMasks } from './official.js';

const MODEL = semanticModel('sam', { size: 64 });
const PICTURE = testPicture(75, 52);

/** Points a side; the paper's 16 take the plain loops seconds. */
const GRID = 5;

const dir = mkdtempSync(join(tmpdir(), 'samwire-edges-'));
const addon = loadAddon();
let segmenter: Segmenter;
let frame: NativeFrameInfo;

function newFrame(): NativeFrameInfo {
  const { width, height, rgb } = PICTURE;
  return addon.createFrame({ format: 'RGB', width, height, data: rgb, timestamp: 1, seq: 0 });
}

function edges(request: EdgesRequest): ReturnType<NonNullable<Segmenter['edges']>> {
  if (!segmenter.edges) throw new Error('the onnx backend makes edges');
  return segmenter.edges(request);
}

beforeAll(async () => {
  writeSemanticModel(dir, MODEL);
  segmenter = await createSegmenter({
    model: await readModelDirectory(dir),
    threads: 1,
    log: pino({ level: 'silent' }),
  });
  frame = newFrame();
});
afterAll(async () => {
  addon.releaseFrame(frame.id);
  await segmenter.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The strongest soft edge of each pixel, over what the official generator finds with the paper's settings. */
function expectedStrength(): { readonly strength: Float64Array; readonly masks: number } {
  const found = officialMasks(MODEL, PICTURE, {
    pointsPerSide: GRID,
    predIou: 0,
    stability: 0,
    boxNms: 0.7,
    cropLayers: 0,
    cropNms: 0.7,
    cropOverlap: 0,
    cropDownscale: 1,
    minArea: 0,
  });
  const strength = new Float64Array(PICTURE.width * PICTURE.height);
  for (const { point, iou } of found) {
    const [x, y] = point;
    const candidates = expectedMasks(
      MODEL,
      PICTURE,
      { id: 'p', points: [{ x, y, label: 1 }] },
      { multimask: true },
    );
    const candidate = candidates.find(({ score }) => score === iou);
    const grid = MODEL.size / STRIDE;
    const plane = { data: candidate?.lowRes ?? new Float32Array(), width: grid, height: grid };
    const soft = softEdges(fullSize(plane, MODEL.size, PICTURE, 'sam').data, PICTURE);
    for (const [i, value] of soft.entries()) strength[i] = Math.max(strength[i] ?? 0, value);
  }
  return { strength, masks: found.length };
}

describe('the edge map of a frame', () => {
  it('is what the paper describes, computed in plain loops', async () => {
    const { strength, masks } = expectedStrength();
    const progress: number[] = [];
    const found = await edgeMapOf({
      frame,
      segment: (request) => segmenter.segment(request),
      edges,
      addon,
      grid: GRID,
      onProgress: ({ done }) => progress.push(done),
    });
    expect(found.masks).toBe(masks);
    expect(found.prompts).toBe(GRID ** 2 + masks);
    expect(progress.at(-1)).toBe(GRID ** 2);
    expect(found.map).toMatchObject({ width: PICTURE.width, height: PICTURE.height });
    const expected = thinned(strength, PICTURE);
    const wrong = [...expected].filter((value, i) => Math.abs(value - (found.map.data[i] ?? 0)) > 3);
    // Pixels at which rounding decides between crest and slope.
    expect(wrong.length / expected.length).toBeLessThan(0.004);
    expect(Math.max(...found.map.data)).toBeGreaterThan(240);
    expect(found.map.data.filter((value) => value > 0).length).toBeGreaterThan(60);
  });

  it('keeps the paper’s settings: 16 × 16 points, doubles dropped, no filter', () => {
    expect(EDGE_OPTIONS).toMatchObject({
      strategy: 'grid',
      grid: 16,
      minScore: 0,
      minStability: 0,
      nmsIou: 0.7,
      cropLayers: 0,
    });
  });

  it('is the same in one request and in many, and starts anew with the first', async () => {
    const prompts = [20, 40, 60].map((x) => ({
      id: String(x),
      points: [{ x, y: 30, label: 1 as const }],
      multimask: false,
      candidate: 1,
    }));
    const whole = await edges({ frame, prompts, first: true, last: true });
    const parts = [];
    for (const [i, prompt] of prompts.entries())
      parts.push(await edges({ frame, prompts: [prompt], first: i === 0, last: i === 2 }));
    expect(parts.map(({ map }) => map === null)).toEqual([true, true, false]);
    expect(parts[2]?.map?.data).toEqual(whole.map?.data);
    const empty = await edges({ frame, prompts: [], first: true, last: true });
    expect(Math.max(...(empty.map?.data ?? [1]))).toBe(0);
  });

  it('ends when it is stopped, when a prompt fails, and when two other maps were begun since', async () => {
    const request = { frame, segment: (request: SegmentRequest) => segmenter.segment(request), edges, addon };
    await expect(edgeMapOf({ ...request, signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    );
    const others = [newFrame(), newFrame()];
    try {
      for (const on of [frame, ...others]) await edges({ frame: on, prompts: [], first: true, last: false });
      const lost = edges({ frame, prompts: [], first: false, last: true });
      await expect(lost).rejects.toThrow(SamwireError);
      await expect(lost).rejects.toMatchObject({ code: 'overloaded' });
    } finally {
      for (const { id } of others) addon.releaseFrame(id);
    }
    const refine = {
      id: 'r',
      points: [{ x: 4, y: 4, label: 1 as const }],
      multimask: false,
      candidate: 1,
      refine: 'none',
    };
    await expect(edges({ frame, prompts: [refine], first: true, last: true })).rejects.toMatchObject({
      code: 'invalid_message',
    });
  });
});
