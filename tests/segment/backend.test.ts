import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import { createOnnxSegmenter } from '../../src/segment/onnx/backend.js';
import type { PromptResult, Segmenter, SegmentPrompt } from '../../src/segment/segmenter.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { testPicture } from './picture.js';

// The inference threads that the backend starts, so that a test can end one as a crash does.
const { workers } = vi.hoisted(() => ({ workers: [] as Worker[] }));
vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof import('node:worker_threads')>();
  class WatchedWorker extends real.Worker {
    constructor(...args: ConstructorParameters<typeof real.Worker>) {
      super(...args);
      workers.push(this);
    }
  }
  return { ...real, Worker: WatchedWorker };
});

const dir = mkdtempSync(join(tmpdir(), 'samwire-backend-'));
writeSemanticModel(join(dir, 'model'), semanticModel('sam'));
const encoder = join(dir, 'model', 'encoder.onnx');
const addon = loadAddon();
const { rgb, ...size } = testPicture(160, 120);
const frame = addon.createFrame({ format: 'RGB', ...size, data: rgb, timestamp: 1, seq: 0 });
const box: SegmentPrompt = { id: 'box', points: [], box: [10, 20, 120, 100], multimask: false };
const open: Segmenter[] = [];

afterEach(async () => {
  for (const segmenter of open.splice(0)) await segmenter.close();
  workers.length = 0;
});
afterAll(() => {
  addon.releaseFrame(frame.id);
  rmSync(dir, { recursive: true, force: true });
});

async function load(options: { signal?: AbortSignal; logs?: string[] } = {}): Promise<Segmenter> {
  const { logs = [], ...rest } = options;
  const log = pino({ level: 'trace' }, { write: (line: string) => logs.push(line) });
  const segmenter = await createOnnxSegmenter({ dir: join(dir, 'model'), threads: 1, log, ...rest });
  open.push(segmenter);
  return segmenter;
}

function lastWorker(): Worker {
  const worker = workers.at(-1);
  if (!worker) throw new Error('no inference thread was started');
  return worker;
}

const segment = (segmenter: Segmenter, ...prompts: SegmentPrompt[]) =>
  segmenter.segment({ frame, prompts: prompts.length > 0 ? prompts : [box] });

describe('the onnx backend', () => {
  it('encodes a frame once for all requests on it', async () => {
    const segmenter = await load();
    const [first, second] = [await segment(segmenter), await segment(segmenter, { ...box, id: 'again' })];
    expect(first.timing).toMatchObject({ embeddingReused: false });
    expect(second.timing).toMatchObject({ embeddingReused: true, prepareMs: 0, encodeMs: 0 });
    expect(second.results).toEqual(first.results);
  });

  it('answers a request without prompts without encoding the frame', async () => {
    const segmenter = await load();
    const { results, timing } = await segmenter.segment({ frame, prompts: [] });
    expect(results).toEqual([]);
    expect(timing).toMatchObject({ encodeMs: 0, embeddingReused: false });
  });

  it('fails a request whose frame is gone, and serves the next one', async () => {
    const segmenter = await load();
    const gone = addon.createFrame({ format: 'RGB', ...size, data: rgb, timestamp: 1, seq: 0 });
    addon.releaseFrame(gone.id);
    await expect(segmenter.segment({ frame: gone, prompts: [box] })).rejects.toMatchObject({
      code: 'frame_evicted',
    });
    expect((await segment(segmenter)).results).toHaveLength(1);
  });

  it('gives model_failed to what was pending when its thread dies, and serves what follows', async () => {
    const logs: string[] = [];
    const segmenter = await load({ logs });
    const pending = [segment(segmenter), segment(segmenter)];
    const outcomes = Promise.allSettled(pending);
    void lastWorker().terminate();
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'model_failed' } });
    expect((await segment(segmenter)).results[0]).toHaveProperty('candidates');
    expect(workers).toHaveLength(2);
    expect(logs.join()).toContain('the inference thread died');
  });

  it('makes requests wait for the thread that is started again', async () => {
    const segmenter = await load();
    await lastWorker().terminate();
    const answers = await Promise.all([segment(segmenter), segment(segmenter), segment(segmenter)]);
    expect(answers.map(({ results }) => results.length)).toEqual([1, 1, 1]);
    expect(workers).toHaveLength(2);
  });

  it('tries once more at the next request when the model could not be loaded again', async () => {
    const segmenter = await load();
    const before = await segment(segmenter);
    renameSync(encoder, `${encoder}.away`);
    await lastWorker().terminate();
    for (let i = 0; i < 2; i++)
      await expect(segment(segmenter)).rejects.toMatchObject({
        code: 'model_failed',
        message: expect.stringContaining('encoder.onnx is not there'),
      });
    copyFileSync(`${encoder}.away`, encoder);
    expect((await segment(segmenter)).results).toEqual(before.results);
  });

  it('refuses requests after it was closed, and starts nothing again', async () => {
    const segmenter = await load();
    await segmenter.close();
    await expect(segment(segmenter)).rejects.toMatchObject({ code: 'model_failed' });
    expect(workers).toHaveLength(1);
  });

  it('answers what it has taken before it closes', async () => {
    const segmenter = await load();
    const answer = segment(segmenter);
    await segmenter.close();
    expect((await answer).results).toHaveLength(1);
  });

  it('gives up loading when its signal says so', async () => {
    const stop = new AbortController();
    const loading = load({ signal: stop.signal });
    stop.abort();
    await expect(loading).rejects.toThrow('stopped while it loaded');
    const aborted = load({ signal: AbortSignal.abort() });
    await expect(aborted).rejects.toThrow('stopped while it loaded');
  });
});

describe('refine', () => {
  it('takes an answer of the same frame only', async () => {
    const segmenter = await load();
    await segment(segmenter, box);
    const more: SegmentPrompt = { ...box, id: 'more', refine: 'box' };
    const [refined] = (await segment(segmenter, more)).results;
    const [plain] = (await segment(segmenter, { ...box, id: 'more' })).results;
    expect(refined).toHaveProperty('candidates');
    expect(refined).not.toEqual(plain);

    const other = addon.createFrame({ format: 'RGB', ...size, data: rgb, timestamp: 2, seq: 1 });
    const [failed] = (await segmenter.segment({ frame: other, prompts: [more] })).results;
    addon.releaseFrame(other.id);
    expect(failed).toMatchObject({ error: { code: 'invalid_message' } });
  });

  it('is a wish where it is for an answer on an earlier frame', async () => {
    const segmenter = await load();
    await segment(segmenter, box);
    const other = addon.createFrame({ format: 'RGB', ...size, data: rgb, timestamp: 2, seq: 1 });
    const ask = async (prompt: SegmentPrompt) =>
      (await segmenter.segment({ frame: other, prompts: [prompt] })).results[0];
    const plain = await ask({ ...box, id: 'more' });
    const held = { ...box, id: 'more', previous: { frameId: frame.id, maskId: 'box' } };
    const gone = { ...box, id: 'more', previous: { frameId: frame.id, maskId: 'nothing' } };
    expect(await ask(held)).toHaveProperty('candidates');
    expect(await ask(held)).not.toEqual(plain);
    expect(await ask(gone)).toEqual(plain);
    addon.releaseFrame(other.id);
  });

  it('names one of several candidates by its id', async () => {
    const segmenter = await load();
    await segment(segmenter, { ...box, multimask: true });
    const { results } = await segment(
      segmenter,
      { ...box, id: 'a', refine: 'box#0' },
      { ...box, id: 'b', refine: 'box#2' },
      { ...box, id: 'c', refine: 'box' },
    );
    expect(results[0]).toHaveProperty('candidates');
    expect(results[1]).toHaveProperty('candidates');
    expect(results[1]).not.toEqual(results[0]);
    expect(results[2]).toMatchObject({ error: { code: 'invalid_message' } });
  });
});

describe('refine with a clamp', () => {
  it('starts from logits within it, as SAM 2’s predictor keeps them; the masks are made of the logits as they are', async () => {
    const answers: PromptResult[] = [];
    for (const refineClamp of [undefined, 100, 0.5]) {
      const path = join(dir, `clamp-${refineClamp}`);
      writeSemanticModel(path, semanticModel('sam', { size: 128 }), {
        mask: refineClamp === undefined ? {} : { refineClamp },
      });
      const log = pino({ level: 'silent' });
      const segmenter = await createOnnxSegmenter({ dir: path, threads: 1, log });
      open.push(segmenter);
      const [plain] = (await segment(segmenter, box)).results;
      const [refined] = (await segment(segmenter, { ...box, id: 'more', refine: 'box' })).results;
      answers.push(plain as PromptResult, refined as PromptResult);
    }
    const [plain, refined, plainFar, refinedFar, plainNear, refinedNear] = answers;
    expect([plainFar, plainNear]).toEqual([plain, plain]);
    expect(refinedFar).toEqual(refined);
    expect(refinedNear).not.toEqual(refined);
    expect(refinedNear).not.toEqual(plain);
  });
});

describe('frames', () => {
  it('are gone when their last handle is, a thousand times', async () => {
    const before = addon.framesInUse();
    for (let i = 0; i < 1000; i++) {
      const one = addon.createFrame({ format: 'RGB', ...size, data: rgb, timestamp: i, seq: i });
      expect(addon.retainFrame(one.id)).toBe(true);
      addon.releaseFrame(one.id);
      expect(addon.framesInUse()).toBe(before + 1);
      addon.releaseFrame(one.id);
    }
    expect(addon.framesInUse()).toBe(before);
    expect(addon.retainFrame(frame.id + 1)).toBe(false);
  });
});
