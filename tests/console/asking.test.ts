import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Asking } from '../../console/src/stage/asking.js';
import { addStep, beginSession, type Session, type Step } from '../../console/src/stage/session.js';
import { createStageStore } from '../../console/src/stage/state.js';
import type { MaskItem } from '../../src/masks/types.js';

const FRAME = { camera: 'front', seq: 12, timestamp: 1000, width: 640, height: 480 };

interface Asked {
  readonly url: string;
  readonly body: { readonly prompts: readonly { readonly points: readonly unknown[] }[] };
  readonly signal: AbortSignal | undefined;
  answer(value: unknown, status?: number): void;
  fail(): void;
}

let asked: Asked[];
/** Everything that is due in this turn of the event loop, and what follows from it. */
const turn = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  asked = [];
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    return new Promise((resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new DOMException('Aborted', 'AbortError')));
      asked.push({
        url,
        body: JSON.parse(String(init.body)),
        signal: init.signal ?? undefined,
        answer: (value, status = 200) => resolve(new Response(JSON.stringify(value), { status })),
        fail: () => reject(new TypeError('fetch failed')),
      });
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

function mask(id: string, more: Partial<MaskItem> = {}): MaskItem {
  return { id, score: 0.944, stability: 0.9, area: 4, box: [1, 2, 3, 4], centroid: [1, 2], ...more };
}

const point = (x: number, label: 0 | 1 = 1): Step => ({ kind: 'point', x, y: 1, label });

function stage(held: () => Promise<void> = () => Promise.resolve()) {
  const state = createStageStore();
  state.change({ session: beginSession(FRAME, []) });
  const asking = new Asking({ camera: 'front', state, held });
  const click = (step: Step): void => {
    state.change({ session: addStep(state.get().session as Session, step) });
    asking.object();
  };
  return { state, asking, click, answer: () => state.get().session?.answer };
}

describe('an object is asked for', () => {
  it('with all points so far, and its answer is told with its score', async () => {
    const { state, click, answer } = stage();
    click(point(1));
    await turn();
    expect(asked.map(({ url }) => url)).toEqual(['/api/cameras/front/prompt']);
    expect(state.get().busy?.what).toBe('prompt');
    asked[0]?.answer({ masks: [mask('object-1')] });
    await turn();
    expect(answer()?.masks).toHaveLength(1);
    expect(state.get().note).toEqual({ kind: 'result', text: 'object-1: score 0.94' });
    expect(state.get().busy).toBeNull();
  });

  it('one request at a time: clicks that come meanwhile go together in the next', async () => {
    const { click } = stage();
    for (const x of [1, 2, 3]) click(point(x));
    await turn();
    click(point(4));
    expect(asked.map(({ body }) => body.prompts[0]?.points.length)).toEqual([3]);
    asked[0]?.answer({ masks: [mask('object-1')] });
    await turn();
    expect(asked.map(({ body }) => body.prompts[0]?.points.length)).toEqual([3, 4]);
  });

  it('after the node holds the picture, and not at all when it can not', async () => {
    const { state, click } = stage(() => Promise.reject(new Error('The picture is gone.')));
    click(point(1));
    await turn();
    expect(asked).toEqual([]);
    expect(state.get().note).toMatchObject({ kind: 'error', text: 'The picture is gone.' });
  });

  it('only when something says where it is', async () => {
    const { state, click } = stage();
    click(point(1, 0));
    await turn();
    expect(asked).toEqual([]);
    expect(state.get().note?.kind).toBe('hint');
  });

  it('and an answer that comes after the picture went on is nobody’s', async () => {
    const { state, click } = stage();
    click(point(1));
    await turn();
    state.change({ session: null, note: null });
    asked[0]?.answer({ masks: [mask('object-1')] });
    await turn();
    expect(state.get()).toMatchObject({ session: null, note: null, busy: null });
  });

  it('and what went wrong is said in words, with what to do', async () => {
    const { state, click } = stage();
    const say = async (answer: (request: Asked | undefined) => void): Promise<unknown> => {
      click(point(1));
      await turn();
      answer(asked.at(-1));
      await turn();
      expect(state.get().busy).toBeNull();
      return state.get().note;
    };
    const error = (code: string, message: string, status: number) => (request: Asked | undefined) =>
      request?.answer({ code, message }, status);
    expect(await say(error('frame_evicted', 'Frame seq 12 …', 410))).toEqual({
      kind: 'error',
      text: 'This picture is not held any more.',
      remedy: 'Press Live, then click again.',
    });
    expect(await say((request) => request?.fail())).toMatchObject({
      text: expect.stringContaining('reached'),
    });
    expect(await say((request) => request?.answer('<html>', 502))).toMatchObject({ kind: 'error' });
    const failed = { id: 'object-1', error: { code: 'unsupported_prompt', message: 'At most 10 points.' } };
    expect(await say((request) => request?.answer({ masks: [failed] }))).toEqual({
      kind: 'error',
      text: 'At most 10 points.',
      remedy: 'Undo, or drag a box round the object instead.',
    });
    expect(
      await say((request) => request?.answer({ masks: [mask('object-1', { box: null })] })),
    ).toMatchObject({
      text: 'Nothing was found there.',
    });
  });
});

describe('objects are followed', () => {
  it('and are among the tracks at once', async () => {
    const { state, asking, click } = stage();
    click(point(1));
    await turn();
    asked[0]?.answer({ masks: [mask('object-1')] });
    await turn();
    const following = asking.follow();
    await turn();
    asked[1]?.answer({ masks: [mask('object-1', { label: 'cup', track: { state: 'tracked', ageMs: 0 } })] });
    expect(await following).toBe(true);
    expect(state.get().tracks).toEqual([{ id: 'object-1', label: 'cup', state: 'tracked' }]);
    expect(state.get().note?.text).toBe('Following cup');
  });

  it('once there is a mask', async () => {
    const { state, asking } = stage();
    expect(await asking.follow()).toBe(false);
    expect(asked).toEqual([]);
    expect(state.get().note?.kind).toBe('hint');
  });
});

describe('everything', () => {
  it('is asked for on the held frame, and once', async () => {
    const { state, asking } = stage();
    const run = asking.everything({ strategy: 'grid', grid: 32 });
    void asking.everything({});
    await turn();
    expect(asked.map(({ url, body }) => [url, body])).toEqual([
      [
        '/api/cameras/front/everything',
        { strategy: 'grid', grid: 32, frame: { seq: 12 }, encodings: ['rle'], maxAgeMs: 120_000 },
      ],
    ]);
    asked[0]?.answer({ masks: [mask('0'), mask('1')] });
    await run;
    expect(state.get().session?.everything).toHaveLength(2);
    expect(state.get().note?.text).toBe('2 masks found');
  });

  it('is taken back when nobody waits for it any more', async () => {
    const { state, asking } = stage();
    const run = asking.everything({});
    await turn();
    asking.forget();
    await run;
    expect(asked[0]?.signal?.aborted).toBe(true);
    expect(state.get()).toMatchObject({ busy: null, note: null });
  });
});
