import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encodePixels } from '../../console/src/masks/rle.js';
import { StageModel } from '../../console/src/stage/model.js';
import type { Masks } from '../../src/http/live/protocol.js';
import type { MaskItem } from '../../src/masks/types.js';
import { liveDouble } from './live-double.js';

const FRAME = { width: 64, height: 48 };

/** The node: finds a mask of 10 by 10 pixels for each prompt, and two for everything, one in the other. */
let prompts: { readonly track: boolean; readonly prompts: readonly { readonly id: string }[] }[];

beforeEach(() => {
  prompts = [];
  vi.stubGlobal('createImageBitmap', () => Promise.resolve({ close: () => undefined }));
  vi.stubGlobal('fetch', (url: string, init?: RequestInit) => {
    const body = init?.body ? JSON.parse(String(init.body)) : null;
    if (url.endsWith('/everything')) return json({ masks: [square('0', 0, 40), square('1', 10, 20)] });
    if (!url.endsWith('/prompt')) return json({ tracks: [] });
    prompts.push(body);
    const track = body.track ? { track: { state: 'tracked', ageMs: 0 } } : {};
    return json({
      masks: body.prompts.map(({ id }: { id: string }) => ({ ...square(id, 0, 10), ...track })),
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

const json = (value: unknown): Promise<Response> => Promise.resolve(new Response(JSON.stringify(value)));

function square(id: string, from: number, to: number): MaskItem {
  const pixels = new Uint8Array(FRAME.width * FRAME.height);
  for (let y = from; y < to; y++) pixels.fill(1, y * FRAME.width + from, y * FRAME.width + to);
  const area = (to - from) ** 2;
  const rle = encodePixels(pixels, FRAME);
  return { id, score: 0.9, stability: 0.9, area, box: [from, from, to, to], centroid: [5, 5], rle };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Prompts from now on are answered one after the other, when the test says so. */
function heldBack(): { next(mask: MaskItem): Promise<void> } {
  const waiting: ((mask: MaskItem) => void)[] = [];
  vi.stubGlobal(
    'fetch',
    () => new Promise<Response>((resolve) => waiting.push((mask) => resolve(answer(mask)))),
  );
  const answer = (mask: MaskItem): Response => new Response(JSON.stringify({ masks: [mask] }));
  return {
    next: async (mask) => {
      await settled();
      waiting.shift()?.(mask);
      await settled();
    },
  };
}

async function stage() {
  const double = liveDouble();
  const model = new StageModel(double.live, 'front');
  model.start();
  await double.frame(7);
  model.feed.timeline.view(performance.now());
  return { model, double, session: () => model.state.get().session };
}

describe('the stage', () => {
  it('holds the picture with the first click and asks on it, until it goes live again', async () => {
    const { model, double, session } = await stage();
    model.setLabel('cup');
    model.point({ x: 5.9, y: 6.2 }, false);
    await settled();
    expect(prompts).toMatchObject([
      {
        frame: { seq: 7 },
        prompts: [{ id: 'object-1', label: 'cup', points: [{ x: 5, y: 6, label: 1 }] }],
        track: false,
      },
    ]);
    expect(model.state.get().note?.text).toBe('cup: score 0.90');
    model.live();
    expect(session()).toBeNull();
    expect(double.said.filter((line) => !line.includes('watch'))).toEqual(['hold 7', 'release']);
  });

  it('goes on when a press came to nothing, and not when something was begun', async () => {
    const { model, session } = await stage();
    model.hold();
    model.unpress();
    expect(session()).toBeNull();
    model.hold();
    model.box({ x: 3, y: 3 }, { x: 3.1, y: 3.2 });
    expect(session()).toBeNull();
    model.point({ x: 5, y: 5 }, false);
    model.unpress();
    expect(session()).not.toBeNull();
  });

  it('waits for a picture before it holds one', () => {
    const model = new StageModel(liveDouble().live, 'front');
    model.point({ x: 1, y: 1 }, false);
    expect(model.state.get().session).toBeNull();
    expect(prompts).toEqual([]);
  });

  it('takes clicks as background while that is switched on', async () => {
    const { model } = await stage();
    model.box({ x: 1, y: 1 }, { x: 20, y: 20 });
    model.setBackground(true);
    model.point({ x: 3, y: 3 }, false);
    await settled();
    expect(prompts.at(-1)?.prompts).toMatchObject([
      { box: [1, 1, 20, 20], points: [{ x: 3, y: 3, label: 0 }] },
    ]);
  });

  it('asks again after an undo, and is quiet when nothing is left', async () => {
    const { model, session } = await stage();
    model.point({ x: 3, y: 3 }, false);
    model.point({ x: 9, y: 9 }, false);
    await settled();
    const before = prompts.length;
    model.undo();
    await settled();
    expect(prompts).toHaveLength(before + 1);
    model.undo();
    await settled();
    expect(prompts).toHaveLength(before + 1);
    expect(session()?.answer).toBeNull();
    model.undo();
    expect(session()).not.toBeNull();
  });

  it('shows no answer to what was taken back, when something else was clicked meanwhile', async () => {
    const { model, session } = await stage();
    const answers = heldBack();
    model.point({ x: 3, y: 3 }, false);
    await settled();
    model.undo();
    model.point({ x: 30, y: 30 }, false);
    await answers.next(square('object-1', 0, 10));
    expect(session()?.answer).toBeNull();
    await answers.next(square('object-1', 25, 35));
    expect(session()?.answer?.masks[0]?.box).toEqual([25, 25, 35, 35]);
  });

  it('shows the answer to a first point while the one to the second is awaited, and keeps the second', async () => {
    const { model, session } = await stage();
    const answers = heldBack();
    model.point({ x: 3, y: 3 }, false);
    await settled();
    model.point({ x: 12, y: 12 }, false);
    await answers.next(square('object-1', 0, 10));
    expect(session()?.answer?.masks[0]?.area).toBe(100);
    const kept = model.keep();
    await settled();
    expect(session()?.kept).toEqual([]);
    await answers.next(square('object-1', 0, 20));
    await kept;
    expect(session()?.kept.map(({ answer }) => answer.masks[0]?.area)).toEqual([400]);
  });

  it('keeps nothing of a picture that was left while the answer was awaited', async () => {
    const { model, session } = await stage();
    const answers = heldBack();
    model.point({ x: 3, y: 3 }, false);
    await settled();
    const kept = model.keep();
    model.live();
    await answers.next(square('object-1', 0, 10));
    await kept;
    expect(session()).toBeNull();
    expect(model.state.get().note).toBeNull();
  });

  it('follows kept objects and the one under work together, and goes live', async () => {
    const { model, session } = await stage();
    model.point({ x: 3, y: 3 }, false);
    await settled();
    await model.keep();
    model.point({ x: 30, y: 30 }, false);
    await settled();
    await model.follow();
    expect(prompts.at(-1)).toMatchObject({
      track: true,
      prompts: [{ id: 'object-1' }, { id: 'object-2' }],
    });
    expect(session()).toBeNull();
    expect(model.state.get().tracks.map(({ id }) => id)).toEqual(['object-1', 'object-2']);
    expect(model.state.get().note?.text).toBe('Following object-1, object-2');
    model.point({ x: 3, y: 3 }, false);
    expect(session()?.draft.id).toBe('object-3');
  });

  it('lets a click choose the smallest mask of everything', async () => {
    const { model, session } = await stage();
    await model.everything({});
    expect(model.foundAt({ x: 15, y: 15 })?.id).toBe('1');
    model.point({ x: 15, y: 15 }, false);
    model.point({ x: 5, y: 5 }, false);
    expect(session()?.chosen).toEqual(['1', '0']);
    model.point({ x: 60, y: 45 }, false);
    expect(session()?.draft.steps).toEqual([]);
    expect(prompts).toEqual([]);
  });

  it('lists the tracks that the node tells, and says how one of its own ended', async () => {
    const { model, double } = await stage();
    const message = (masks: readonly MaskItem[], ended?: unknown): Masks =>
      ({
        type: 'masks',
        camera: 'front',
        message: {
          source: 'track',
          frame: { seq: 7, timestamp: 7 },
          ...(ended === undefined ? {} : { ended }),
        },
        masks,
      }) as unknown as Masks;
    const tracked = {
      ...square('object-1', 0, 9),
      label: 'cup',
      track: { state: 'tracked', ageMs: 5 } as const,
    };
    model.point({ x: 3, y: 3 }, false);
    await settled();
    await model.follow();
    double.masks(message([{ ...tracked, id: 'robot-1' }], [{ id: 'robot-0', reason: 'lost' }]));
    expect(model.state.get().note?.text).toBe('Following object-1');
    double.masks(message([tracked]));
    const listed = model.state.get().tracks;
    expect(listed).toEqual([{ id: 'object-1', label: 'cup', state: 'tracked' }]);
    double.masks(message([{ ...tracked, score: 0.5 }]));
    expect(model.state.get().tracks).toBe(listed);
    double.masks(message([], [{ id: 'object-1', reason: 'lost' }]));
    expect(model.state.get().tracks).toEqual([]);
    expect(model.state.get().note?.text).toBe('cup was lost');
  });
});
