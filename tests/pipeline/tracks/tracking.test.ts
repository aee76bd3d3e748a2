import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import { masksById, setupTracks } from './doubles.js';

const CUP = [4, 4, 14, 14] as const;
const HAND = [30, 20, 44, 40] as const;

/** The clock of timers; `advance` moves it and the tracks' own. */
function timers(clock: { now: number }): (ms: number) => Promise<void> {
  return async (ms) => {
    clock.now += ms;
    await vi.advanceTimersByTimeAsync(ms);
  };
}

describe('the loop of a camera with tracks', () => {
  it('asks the model about each new frame and tells where everything is', async () => {
    const { push, segmenter, follow, see, messages, out, close } = setupTracks();
    await push(1, 1000);
    follow('cup', CUP, { label: 'mug' });
    expect(segmenter.requests).toHaveLength(0);
    await push(2, 1040);
    await see([5, 4, 15, 14]);
    await push(3, 1080);
    await see([6, 4, 16, 14]);
    expect(messages).toMatchObject([
      { source: 'track', camera: 'front', frame: { seq: 2 }, masks: [{ id: 'cup', box: [5, 4, 15, 14] }] },
      {
        frame: { seq: 3 },
        masks: [{ id: 'cup', label: 'mug', box: [6, 4, 16, 14], track: { state: 'tracked', ageMs: 80 } }],
      },
    ]);
    expect(messages[1]).not.toHaveProperty('requestId');
    await close();
    expect(out()).toBe(0);
  });

  it('asks nothing while nothing is followed', async () => {
    const { push, segmenter, settled, close } = setupTracks();
    await push(1);
    await settled();
    expect(segmenter.requests).toHaveLength(0);
    await close();
  });

  it('leaves out the frames that come while the model is at work, and goes on with the newest', async () => {
    const { push, segmenter, tracking, follow, see, messages, out, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    for (let seq = 2; seq < 7; seq += 1) await push(seq);
    expect(segmenter.requests).toHaveLength(1);
    await see(CUP);
    expect(segmenter.requests).toHaveLength(2);
    await see(CUP);
    expect(segmenter.requests).toHaveLength(2);
    expect(messages.map(({ frame }) => frame.seq)).toEqual([2, 6]);
    expect(tracking.stats()).toMatchObject({ active: 1, started: 1, runs: 2, framesSkipped: 3 });
    await close();
    expect(out()).toBe(0);
  });

  it('tells of a hidden object with an empty mask', async () => {
    const { push, follow, see, messages, listed, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    await see(null);
    expect(messages[0]?.masks).toMatchObject([
      { id: 'cup', area: 0, box: null, centroid: null, track: { state: 'occluded' } },
    ]);
    expect(listed()).toMatchObject([{ id: 'cup', state: 'occluded', box: CUP, lastSeen: 1 }]);
    await close();
  });

  it('goes on after a run that failed, and lets go of its frame', async () => {
    const { push, segmenter, tracking, tracker, follow, see, messages, out, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    follow('hand', HAND, { seq: 1 });
    await segmenter.answer(new SamwireError('model_failed', 'no'));
    expect(tracker.size).toBe(2);
    await push(3);
    await see(CUP, HAND);
    expect(messages.map(({ frame }) => frame.seq)).toEqual([3]);
    expect(tracking.stats()).toMatchObject({ failedRuns: 1, runs: 1 });
    await close();
    expect(out()).toBe(0);
  });

  it('ends at once when the node stops in the middle of a run', async () => {
    const { push, segmenter, follow, close, out, settled } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    follow('hand', HAND, { seq: 1 });
    await close();
    await segmenter.answer();
    await settled();
    await push(3);
    expect(segmenter.requests).toHaveLength(1);
    expect(out()).toBe(0);
  });
});

describe('what is said while the model is at work', () => {
  it('reaches the tracker after its answer', async () => {
    const { push, tracker, follow, see, messages, out, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    follow('hand', HAND, { seq: 1 });
    follow('hand', HAND, { seq: 2 });
    expect(tracker.size).toBe(1);
    await see(CUP);
    expect(tracker.size).toBe(2);
    expect(tracker.seeds.map(({ frame }) => frame.seq)).toEqual([1, 2]);
    expect(Object.keys(masksById(messages[0] as never))).toEqual(['cup']);
    await close();
    expect(out()).toBe(0);
  });

  it('makes a removed track end at once, whatever the model finds', async () => {
    const { push, tracker, tracking, follow, see, messages, settled, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    follow('hand', HAND);
    await push(2);
    tracking.change({ camera: 'front', change: { kind: 'remove', ids: ['cup'] } });
    await settled();
    expect(messages).toMatchObject([
      { frame: { seq: 1 }, masks: [], ended: [{ id: 'cup', reason: 'removed' }] },
    ]);
    await see(CUP, HAND);
    expect(Object.keys(masksById(messages[1] as never))).toEqual(['hand']);
    expect(tracker.size).toBe(1);
    await close();
  });

  it('lets an id that is named anew mean the new object only', async () => {
    const { push, follow, see, messages, listed, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    follow('cup', HAND, { label: 'hand' });
    await see(CUP);
    expect(messages).toEqual([]);
    expect(listed()).toMatchObject([{ id: 'cup', label: 'hand', box: HAND }]);
    await push(3);
    await see(HAND);
    expect(masksById(messages[0] as never).cup).toMatchObject({ label: 'hand', box: HAND });
    await close();
  });
});

describe('a track', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('is one of at most so many a camera, and its sender is told', async () => {
    const { push, tracking, follow, listed, close } = setupTracks({ maxPerCamera: 2 });
    await push(1);
    expect(follow('a', CUP).size + follow('b', HAND).size).toBe(0);
    expect(follow('c', CUP).get('c')).toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('tracks.maxPerCamera'),
    });
    expect(follow('a', HAND).size).toBe(0);
    expect([...tracking.withoutRoom('front', ['a', 'c', 'd']).keys()]).toEqual(['c', 'd']);
    expect(listed().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(tracking.stats()).toMatchObject({ active: 2, started: 2, refused: 1 });
    await close();
  });

  it('ends when its time has passed, unless it is named again', async () => {
    const { push, clock, follow, listed, messages, settled, close } = setupTracks();
    const advance = timers(clock);
    await push(1);
    follow('a', CUP, { ttlMs: 600 });
    follow('b', HAND, { ttlMs: 600 });
    await advance(500);
    follow('b', HAND);
    expect(listed()).toMatchObject([{ id: 'a', ttlLeftMs: 100 }, { id: 'b' }]);
    await advance(500);
    await settled();
    expect(listed().map(({ id }) => id)).toEqual(['b']);
    expect(messages).toMatchObject([{ source: 'track', ended: [{ id: 'a', reason: 'expired' }] }]);
    await close();
  });

  it('waits for a camera that is away, but not for longer than for a hidden object', async () => {
    const { camera, push, clock, tracking, follow, listed, messages, settled, close } = setupTracks({
      lostMs: 1000,
    });
    const advance = timers(clock);
    await push(1);
    follow('cup', CUP);
    camera.streaming = false;
    await advance(1000);
    expect(listed()).toHaveLength(1);
    await advance(500);
    await settled();
    expect(listed()).toEqual([]);
    expect(messages).toMatchObject([{ masks: [], ended: [{ id: 'cup', reason: 'lost' }] }]);
    expect(tracking.stats()).toMatchObject({ active: 0, ended: { lost: 1 } });
    await close();
  });

  it('that the tracker gives up is told of with the frame, and its id is free again', async () => {
    const { push, tracker, follow, see, messages, listed, close } = setupTracks();
    await push(1);
    follow('cup', CUP);
    await push(2);
    tracker.leaving.add(tracker.ids[0] as string);
    await see(CUP);
    expect(messages).toMatchObject([
      { frame: { seq: 2 }, masks: [], ended: [{ id: 'cup', reason: 'left' }] },
    ]);
    follow('cup', HAND);
    expect(listed()).toMatchObject([{ id: 'cup', box: HAND }]);
    await close();
  });

  it('keeps its place, age and label when it is renamed', async () => {
    const { push, tracking, follow, see, messages, close } = setupTracks();
    await push(1, 1000);
    follow('cup', CUP, { label: 'mug' });
    await push(2, 1100);
    const ids = new Map([['cup', 'mug']]);
    const listed = tracking.change({ camera: 'front', change: { kind: 'rename', ids } });
    expect(listed).toMatchObject([{ id: 'mug', label: 'mug', since: 1000 }]);
    await see(CUP);
    expect(messages[0]?.masks).toMatchObject([{ id: 'mug', track: { state: 'tracked', ageMs: 100 } }]);
    await close();
  });

  it('is renamed or removed with all others that are named, or with none', async () => {
    const { push, tracking, follow, listed, close } = setupTracks();
    await push(1);
    follow('a', CUP);
    follow('b', HAND);
    const change = (wanted: Parameters<typeof tracking.change>[0]['change']) => () =>
      tracking.change({ camera: 'front', change: wanted });
    const renamed = (ids: Record<string, string>) =>
      ({ kind: 'rename', ids: new Map(Object.entries(ids)) }) as const;
    expect(change({ kind: 'remove', ids: ['a', 'x'] })).toThrow(
      expect.objectContaining({ code: 'unknown_track' }),
    );
    expect(change(renamed({ a: 'c', x: 'd' }))).toThrow(expect.objectContaining({ code: 'unknown_track' }));
    expect(change(renamed({ a: 'c', b: 'c' }))).toThrow(expect.objectContaining({ code: 'invalid_message' }));
    expect(change(renamed({ a: 'b' }))).toThrow(expect.objectContaining({ code: 'invalid_message' }));
    expect(listed().map(({ id }) => id)).toEqual(['a', 'b']);
    expect(change({ kind: 'remove', ids: 'all' })()).toEqual([]);
    await close();
  });
});
