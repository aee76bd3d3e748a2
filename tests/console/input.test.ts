import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boxOf, fitted, pixelAt, toFrame, toShown } from '../../console/src/stage/coordinates.js';
import { type Gesture, Gestures, type Pointer } from '../../console/src/stage/gestures.js';
import { actionOf, KEYS_HELP, type Key } from '../../console/src/stage/keys.js';
import { LatestOnly } from '../../console/src/stage/latest.js';

describe('the picture on the screen', () => {
  const frame = { width: 1920, height: 1080 };

  it('is as large as fits, in the shape of the frame', () => {
    expect(fitted(frame, { width: 960, height: 2000 })).toEqual({ width: 960, height: 540 });
    expect(fitted(frame, { width: 5000, height: 270 })).toEqual({ width: 480, height: 270 });
    expect(fitted(frame, { width: 0, height: 0 })).toEqual({ width: 1, height: 1 });
  });

  it('has its places in frame pixels, whatever its size', () => {
    const shown = { width: 480, height: 270 };
    expect(toFrame({ x: 240, y: 135 }, shown, frame)).toEqual({ x: 960, y: 540 });
    expect(toFrame({ x: -5, y: 999 }, shown, frame)).toEqual({ x: 0, y: 1080 });
    expect(toShown(toFrame({ x: 17, y: 23 }, shown, frame), shown, frame)).toEqual({ x: 17, y: 23 });
  });

  it('has points on pixels of the frame and boxes on their edges', () => {
    expect(pixelAt({ x: 1920, y: 0.9 }, frame)).toEqual({ x: 1919, y: 0 });
    expect(boxOf({ x: 10.4, y: 90 }, { x: 3.6, y: 20 })).toEqual([4, 20, 10, 90]);
    expect(boxOf({ x: 10, y: 90 }, { x: 10.3, y: 20 })).toBeNull();
  });
});

describe('gestures', () => {
  let told: Gesture[];
  let gestures: Gestures;
  const pointer = (x: number, y: number, more: Partial<Pointer> = {}): Pointer => ({
    id: 1,
    at: { x, y },
    type: 'mouse',
    button: 0,
    shift: false,
    ...more,
  });

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    gestures = new Gestures((gesture) => told.push(gesture));
  });
  afterEach(() => vi.useRealTimers());

  it('are a point for a click, of the background with Shift or the right button', () => {
    for (const more of [{}, { shift: true }, { button: 2 }]) {
      gestures.down(pointer(5, 6, more));
      gestures.move(pointer(7, 7, more));
      gestures.up(pointer(7, 7, more));
    }
    expect(told.filter(({ kind }) => kind !== 'press')).toEqual([
      { kind: 'point', at: { x: 5, y: 6 }, background: false },
      { kind: 'point', at: { x: 5, y: 6 }, background: true },
      { kind: 'point', at: { x: 5, y: 6 }, background: true },
    ]);
  });

  it('are a box for a drag, which is shown while it goes on', () => {
    gestures.down(pointer(5, 6));
    gestures.move(pointer(50, 60));
    gestures.move(pointer(6, 7));
    gestures.up(pointer(70, 80));
    expect(told).toEqual([
      { kind: 'press' },
      { kind: 'stretch', from: { x: 5, y: 6 }, to: { x: 50, y: 60 } },
      { kind: 'stretch', from: { x: 5, y: 6 }, to: { x: 6, y: 7 } },
      { kind: 'box', from: { x: 5, y: 6 }, to: { x: 70, y: 80 } },
    ]);
  });

  it('are a background point for a long press of a finger that keeps still', () => {
    const finger = { type: 'touch' };
    gestures.down(pointer(5, 6, finger));
    gestures.move(pointer(12, 8, finger));
    vi.advanceTimersByTime(600);
    gestures.up(pointer(12, 8, finger));
    expect(told).toEqual([{ kind: 'press' }, { kind: 'point', at: { x: 5, y: 6 }, background: true }]);

    gestures.down(pointer(5, 6, finger));
    gestures.move(pointer(50, 60, finger));
    vi.advanceTimersByTime(600);
    gestures.up(pointer(50, 60, finger));
    expect(told.at(-1)?.kind).toBe('box');
  });

  it('are nothing when a second finger comes: the browser zooms', () => {
    gestures.down(pointer(5, 6, { type: 'touch', id: 1 }));
    gestures.down(pointer(50, 60, { type: 'touch', id: 2 }));
    gestures.move(pointer(90, 90, { type: 'touch', id: 1 }));
    vi.advanceTimersByTime(600);
    gestures.cancel(1);
    gestures.cancel(2);
    expect(told).toEqual([{ kind: 'press' }, { kind: 'cancel' }]);
    gestures.down(pointer(5, 6, { type: 'touch', id: 3 }));
    gestures.up(pointer(5, 6, { type: 'touch', id: 3 }));
    expect(told.at(-1)).toEqual({ kind: 'point', at: { x: 5, y: 6 }, background: false });
  });

  it('are nothing when the browser takes over', () => {
    gestures.down(pointer(5, 6));
    gestures.cancel(1);
    gestures.up(pointer(5, 6));
    expect(told).toEqual([{ kind: 'press' }, { kind: 'cancel' }]);
  });
});

describe('the keyboard', () => {
  const key = (name: string, more: Partial<Key> = {}): Key => ({
    key: name,
    shiftKey: false,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...more,
  });

  it('moves the crosshair and sets points while the picture has the focus', () => {
    expect(actionOf(key('ArrowLeft'), true)).toEqual({ do: 'move', dx: -1, dy: 0, fine: false });
    expect(actionOf(key('ArrowDown', { shiftKey: true }), true)).toEqual({
      do: 'move',
      dx: 0,
      dy: 1,
      fine: true,
    });
    expect(actionOf(key('Enter'), true)).toEqual({ do: 'point', background: false });
    expect(actionOf(key(' ', { shiftKey: true }), true)).toEqual({ do: 'point', background: true });
    for (const name of ['ArrowLeft', 'Enter', ' ']) expect(actionOf(key(name), false)).toBeNull();
  });

  it('has a letter for each thing to do, anywhere on the stage', () => {
    const actions = ['b', 'U', 'k', 't', 'E', 'g', 'c', 'd'].map((name) => actionOf(key(name), false)?.do);
    const all = 'box undo keep follow everything background candidates download'.split(' ');
    expect(actions).toEqual(all);
    expect(actionOf(key('Escape'), false)).toEqual({ do: 'live' });
    expect(actionOf(key('z', { ctrlKey: true }), false)).toEqual({ do: 'undo' });
    expect(actionOf(key('z', { metaKey: true }), true)).toEqual({ do: 'undo' });
  });

  it("leaves the browser's own keys alone", () => {
    for (const own of [
      key('e', { ctrlKey: true }),
      key('d', { metaKey: true }),
      key('k', { altKey: true }),
      key('Tab'),
      key('z'),
      key('Z', { ctrlKey: true, shiftKey: true }),
    ])
      expect(actionOf(own, true)).toBeNull();
  });

  it('is explained, key by key', () => {
    const shown = KEYS_HELP.map(([keys]) => keys).join(' ');
    for (const name of ['B', 'U', 'K', 'T', 'E', 'G', 'C', 'D', 'Esc', 'Enter', 'Arrow'])
      expect(shown).toContain(name);
  });
});

describe('requests one at a time', () => {
  it('run the newest of those that came meanwhile, and no other', async () => {
    const latest = new LatestOnly();
    const run: number[] = [];
    const ends: (() => void)[] = [];
    const work = (n: number) => async (): Promise<void> => {
      run.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
    };
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    for (const n of [1, 2, 3, 4]) latest.run(work(n));
    await turn();
    expect(run).toEqual([1]);
    ends.shift()?.();
    await turn();
    expect(run).toEqual([1, 4]);
    latest.run(work(5));
    latest.clear();
    ends.shift()?.();
    await turn();
    latest.run(work(6));
    await turn();
    expect(run).toEqual([1, 4, 6]);
  });
});
