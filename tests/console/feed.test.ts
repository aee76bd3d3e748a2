import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Feed } from '../../console/src/stage/feed.js';
import type { FrameHeader } from '../../src/http/live/protocol.js';
import { liveDouble } from './live-double.js';

const closed: number[] = [];

beforeEach(() => {
  closed.length = 0;
  let made = 0;
  vi.stubGlobal('createImageBitmap', () => {
    const number = ++made;
    return Promise.resolve({ close: () => closed.push(number) });
  });
});
afterEach(() => vi.unstubAllGlobals());

function feedOf(double: ReturnType<typeof liveDouble>) {
  const told: string[] = [];
  const feed = new Feed(double.live, 'front', {
    onFrame: () => undefined,
    onMasks: () => undefined,
    onLetGo: (problem) => told.push(problem),
    onHeldInstead: (frame: FrameHeader) => told.push(`instead ${frame.seq}`),
  });
  feed.start();
  feed.setWidth(800);
  return { feed, told };
}

describe('a held picture', () => {
  it('is the one that is shown, and costs the node less meanwhile', async () => {
    const double = liveDouble(() => undefined);
    const { feed } = feedOf(double);
    expect(feed.hold()).toBeNull();
    await double.frame(7);
    feed.timeline.view(performance.now());
    expect(feed.hold()?.seq).toBe(7);
    await feed.held();
    await double.frame(8);
    expect(feed.timeline.pinned?.header.seq).toBe(7);
    feed.release();
    expect(double.said).toEqual([
      'watch 800 15',
      'hold 7',
      'watch 800 2',
      'unwatch',
      'release',
      'watch 800 15',
      'unwatch',
    ]);
  });

  it('is the newest one where the shown one was gone by a moment', async () => {
    const double = liveDouble((seq) => (seq === 7 ? 'Frame 7 is not held any more.' : undefined));
    const { feed, told } = feedOf(double);
    await double.frame(7);
    feed.timeline.view(performance.now());
    feed.hold();
    const held = feed.held();
    // The refusal comes first, then the next picture.
    await new Promise((resolve) => setImmediate(resolve));
    await double.frame(9);
    await held;
    expect(told).toEqual(['instead 9']);
    expect(feed.timeline.pinned?.header.seq).toBe(9);
    expect(double.said.filter((line) => line.startsWith('hold'))).toEqual(['hold 7', 'hold 9']);
  });

  it('is nothing to ask about when the node holds none', async () => {
    const double = liveDouble(() => 'No more frames can be held.');
    const { feed } = feedOf(double);
    await double.frame(7);
    feed.hold();
    await new Promise((resolve) => setImmediate(resolve));
    await double.frame(8);
    await expect(feed.held()).rejects.toThrow('No more frames can be held.');
  });

  it('is asked about no more when the node let go of it, or the connection was lost', async () => {
    const double = liveDouble(() => undefined);
    const { feed, told } = feedOf(double);
    await double.frame(7);
    feed.hold();
    await feed.held();
    double.letGo('The frame was let go of.');
    await expect(feed.held()).rejects.toThrow('The frame was let go of.');
    feed.release();
    feed.hold();
    await feed.held();
    double.state.set({ ...double.state.get(), connection: 'lost' });
    double.state.set({ ...double.state.get(), connection: 'connecting' });
    await expect(feed.held()).rejects.toThrow('The connection was lost');
    expect(told).toEqual(['The frame was let go of.', expect.stringContaining('The connection was lost')]);
  });

  it('and all others are let go of in the browser when the camera is left', async () => {
    const double = liveDouble(() => undefined);
    const { feed } = feedOf(double);
    await double.frame(1);
    await double.frame(2);
    feed.hold();
    feed.close();
    expect([...closed].sort()).toEqual([1, 2]);
    await double.frame(3);
    expect([...closed].sort()).toEqual([1, 2, 3]);
  });
});
