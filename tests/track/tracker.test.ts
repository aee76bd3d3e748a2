import { afterEach, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/native/addon.js';
import { createTracker } from '../../src/track/tracker.js';
import { every, follow, iouWithTruth, MadeScene, objectOf, type Rectangle } from './made.js';

const addon = loadAddon();
afterEach(() => expect(addon.framesInUse()).toBe(0));

const RED = [200, 40, 30] as const;
const GREEN = [40, 160, 60] as const;
const BLUE = [50, 70, 190] as const;

const still =
  (x: number, y: number, width = 40, height = 40) =>
  (): Rectangle => ({ x, y, width, height });
/** From a place on, px and px/s. */
const going =
  (x: number, y: number, speedX: number, speedY = 0, side = 40) =>
  (timeMs: number): Rectangle => ({
    x: x + (speedX * timeMs) / 1000,
    y: y + (speedY * timeMs) / 1000,
    width: side,
    height: side,
  });

describe('an object in view', () => {
  it('is followed where it goes, with its age', () => {
    const scene = new MadeScene([{ id: 'a', colour: RED, at: going(60, 60, 100, 40) }]);
    const times = every(40, 0, 1600);
    const updates = follow({ scene, times, ids: ['a'] });
    for (const [i, update] of updates.entries()) {
      const at = times[i + 1] as number;
      expect(iouWithTruth(scene, objectOf(update, 'a'), { id: 'a', at })).toBe(1);
      expect(objectOf(update, 'a')?.info).toEqual({ state: 'tracked', ageMs: at });
    }
  });

  it('is followed over frames that come at no fixed rate', () => {
    const scene = new MadeScene([{ id: 'a', colour: RED, at: going(60, 60, 120, 40) }]);
    const times = [0, 30, 70, 90, 240, 260, 500, 540, 900, 950, 1200];
    const updates = follow({ scene, times, ids: ['a'] });
    expect(updates.map((update) => objectOf(update, 'a')?.info.state)).toEqual(
      times.slice(1).map(() => 'tracked'),
    );
  });
});

describe('the tracks of a tracker', () => {
  const scene = new MadeScene([
    { id: 'a', colour: RED, at: still(60, 60) },
    { id: 'b', colour: GREEN, at: still(160, 60) },
    { id: 'c', colour: BLUE, at: still(260, 60) },
  ]);

  it('are told in the order in which they were added, also after one was renamed', () => {
    const tracker = createTracker({ addon });
    const frame = scene.frame(0);
    for (const id of ['a', 'b', 'c']) tracker.add(scene.seed(id, frame));
    expect(tracker.rename('a', 'cup')).toBe(true);
    expect(tracker.rename('a', 'other')).toBe(false);
    expect(tracker.rename('b', 'c')).toBe(false);
    const prompts = tracker.prompts(frame);
    const { objects } = tracker.update(frame, prompts, scene.answer(prompts, frame));
    expect(objects.map(({ id }) => id)).toEqual(['cup', 'b', 'c']);
    expect(tracker.remove('b')).toBe(true);
    expect(tracker.remove('b')).toBe(false);
    expect(tracker.size).toBe(2);
    addon.releaseFrame(frame.id);
  });

  it('that were removed while the model ran are not spoken of', () => {
    const tracker = createTracker({ addon });
    const frame = scene.frame(0);
    for (const id of ['a', 'b']) tracker.add(scene.seed(id, frame));
    const prompts = tracker.prompts(frame);
    tracker.remove('a');
    tracker.rename('b', 'd');
    const { objects, ended } = tracker.update(frame, prompts, scene.answer(prompts, frame));
    expect(objects.map(({ id, info }) => [id, info.state])).toEqual([['d', 'tracked']]);
    expect(ended).toEqual([]);
    addon.releaseFrame(frame.id);
  });
});

describe('an object that is hidden', () => {
  const PERIOD = 3000;
  /** Red passes behind the blue bar: wholly hidden from about 1000 to 1500 ms. */
  const scene = new MadeScene([
    { id: 'a', colour: RED, at: going(40, 100, 100) },
    { id: 'bar', colour: BLUE, at: still(170, 100, 100, 150) },
  ]);

  it('has no mask meanwhile, and is found again under its id', () => {
    const times = every(40, 0, 2400);
    const updates = follow({ scene, times, ids: ['a'], lostMs: PERIOD });
    for (const [i, update] of updates.entries()) {
      const at = times[i + 1] as number;
      const object = objectOf(update, 'a');
      if (!scene.mask('a', at)) expect(object?.info.state, `at ${at}`).toBe('occluded');
      if (object?.info.state === 'occluded') expect(object.candidate).toBeNull();
    }
    expect(iouWithTruth(scene, objectOf(updates.at(-1), 'a'), { id: 'a', at: 2400 })).toBe(1);
    expect(updates.flatMap(({ ended }) => ended)).toEqual([]);
  });

  it('is lost when it stays so, once, and its id is free again', () => {
    const gone = new MadeScene([
      { id: 'a', colour: RED, at: (t) => (t < 400 ? going(60, 60, 50)(t) : null) },
    ]);
    const updates = follow({ scene: gone, times: every(40, 0, 2000), ids: ['a'], lostMs: 800 });
    expect(updates.flatMap(({ ended }) => ended)).toEqual([{ id: 'a', reason: 'lost' }]);
    expect(updates.at(-1)?.objects).toEqual([]);
  });
});

describe('an object that leaves the frame', () => {
  it('has left when it does not come back', () => {
    const scene = new MadeScene([{ id: 'a', colour: RED, at: going(260, 100, 200) }]);
    const updates = follow({ scene, times: every(40, 0, 2400), ids: ['a'], lostMs: 800 });
    expect(updates.flatMap(({ ended }) => ended)).toEqual([{ id: 'a', reason: 'left' }]);
  });

  it('keeps its id when it comes back in time', () => {
    const at = (t: number): Rectangle => ({ ...going(260, 100, 200)(Math.min(t, 1400 - t)), y: 100 });
    const scene = new MadeScene([{ id: 'a', colour: RED, at }]);
    const updates = follow({ scene, times: every(40, 0, 1400), ids: ['a'] });
    expect(updates.some((update) => objectOf(update, 'a')?.info.state === 'occluded')).toBe(true);
    expect(iouWithTruth(scene, objectOf(updates.at(-1), 'a'), { id: 'a', at: 1400 })).toBe(1);
  });
});

describe('two objects that cross', () => {
  it('keep their ids, and never share a mask', () => {
    const scene = new MadeScene([
      { id: 'a', colour: RED, at: going(50, 100, 120) },
      { id: 'b', colour: GREEN, at: going(270, 104, -120) },
    ]);
    const times = every(40, 0, 1800);
    const updates = follow({ scene, times, ids: ['a', 'b'] });
    for (const update of updates) {
      const [a, b] = ['a', 'b'].map((id) => objectOf(update, id)?.candidate?.rle.counts);
      if (a !== undefined) expect(a).not.toBe(b);
    }
    for (const id of ['a', 'b'])
      expect(iouWithTruth(scene, objectOf(updates.at(-1), id), { id, at: 1800 })).toBe(1);
  });
});

describe('a track', () => {
  const scene = new MadeScene([
    { id: 'a', colour: RED, at: still(60, 60) },
    { id: 'b', colour: GREEN, at: still(220, 160) },
  ]);

  it('goes on from where it is added again, with its age', () => {
    const tracker = createTracker({ addon });
    const first = scene.frame(0);
    tracker.add(scene.seed('a', first));
    const later = scene.frame(200);
    tracker.add(scene.seed('b', later, 'a'));
    const prompts = tracker.prompts(later);
    const update = tracker.update(later, prompts, scene.answer(prompts, later));
    expect(tracker.size).toBe(1);
    expect(objectOf(update, 'a')?.info).toEqual({ state: 'tracked', ageMs: 200 });
    expect(iouWithTruth(scene, objectOf(update, 'a'), { id: 'b', at: 200 })).toBe(1);
    for (const { id } of [first, later]) addon.releaseFrame(id);
  });

  it('stays where it is over times that repeat, run back or jump ahead', () => {
    const times = [1000, 1000, 960, 500, 1040, 60_000, 60_040];
    for (const update of follow({ scene, times, ids: ['a'], lostMs: 1000 }))
      expect(objectOf(update, 'a')?.info.state).toBe('tracked');
  });

  it('is lost in its time also when the clock was set back', () => {
    const gone = new MadeScene([{ id: 'a', colour: RED, at: (t) => (t >= 9000 ? still(60, 60)() : null) }]);
    const times = [9000, 9040, ...every(40, 1000, 2000)];
    const updates = follow({ scene: gone, times, ids: ['a'], lostMs: 500 });
    expect(updates.flatMap(({ ended }) => ended)).toEqual([{ id: 'a', reason: 'lost' }]);
  });

  it('goes on when the camera changes its size', () => {
    const tracker = createTracker({ addon });
    const large = scene.frame(0);
    tracker.add(scene.seed('a', large));
    const half = new MadeScene([{ id: 'a', colour: RED, at: still(30, 30, 20, 20) }], {
      width: 160,
      height: 120,
    });
    const small = half.frame(40);
    const prompts = tracker.prompts(small);
    const update = tracker.update(small, prompts, half.answer(prompts, small));
    expect(iouWithTruth(half, objectOf(update, 'a'), { id: 'a', at: 40 })).toBe(1);
    for (const { id } of [large, small]) addon.releaseFrame(id);
  });

  it('is occluded where the model gives nothing, an empty mask or an error', () => {
    const tracker = createTracker({ addon });
    const frame = scene.frame(0);
    tracker.add(scene.seed('a', frame));
    const empty = { ...(scene.mask('a', 0) as object), area: 0, box: null } as never;
    const error = { code: 'model_failed', message: 'no' } as const;
    for (const result of [{ candidates: [] }, { candidates: [empty] }, { error }]) {
      const prompts = tracker.prompts(frame);
      const { objects } = tracker.update(
        frame,
        prompts,
        prompts.map(() => result),
      );
      expect(objects[0]?.info.state).toBe('occluded');
      expect(objects[0]?.candidate).toBeNull();
    }
    addon.releaseFrame(frame.id);
  });

  it('asks by its box alone where the model takes no points', () => {
    const tracker = createTracker({ addon });
    const frame = scene.frame(0);
    tracker.add(scene.seed('a', frame));
    const error = { code: 'unsupported_prompt', message: 'no points' } as const;
    const first = tracker.prompts(frame);
    expect(first[0]?.points).toHaveLength(1);
    expect(first.length).toBeLessThanOrEqual(tracker.mostPrompts);
    tracker.update(
      frame,
      first,
      first.map(() => ({ error })),
    );
    expect(tracker.prompts(frame).map(({ points }) => points.length)).not.toContain(1);
    addon.releaseFrame(frame.id);
  });
});
