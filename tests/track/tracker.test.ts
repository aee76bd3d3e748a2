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
