import { describe, expect, it } from 'vitest';
import { Timeline } from '../../console/src/stage/timeline.js';
import type { Masks } from '../../src/http/live/protocol.js';
import type { MaskSource } from '../../src/masks/types.js';

const FRAME_MS = 100;

class Bitmap {
  closed = 0;
  close(): void {
    this.closed++;
  }
}

/** Frame `seq` is captured at 1000·seq/10 ms and arrives on the page at the same number of its own clock. */
function frame(seq: number, arrivedAt = seq * FRAME_MS) {
  const header = { camera: 'demo', seq, timestamp: seq * FRAME_MS, width: 1280, height: 720 };
  return { header, picture: new Bitmap(), arrivedAt };
}

function masks(seq: number, source: MaskSource = 'track', ids: readonly string[] = ['cup']): Masks {
  return {
    type: 'masks',
    camera: 'demo',
    message: {
      source,
      camera: 'demo',
      frame: { seq, timestamp: seq * FRAME_MS, width: 1280, height: 720, skewMs: 0 },
    } as Masks['message'],
    masks: ids.map((id) => ({
      id,
      score: 0.9,
      stability: 0.9,
      area: 1,
      box: [0, 0, 1, 1],
      centroid: [0, 0],
    })),
  };
}

const seqsOf = (view: ReturnType<Timeline<Bitmap>['view']>): unknown => ({
  frame: view?.frame.header.seq,
  masks: view?.layers.map(({ masks: of }) => of.message.frame.seq),
});

describe('the timeline', () => {
  it('shows the newest picture at once while no masks come, and lets go of the others', () => {
    const timeline = new Timeline<Bitmap>();
    expect(timeline.view(0)).toBeNull();
    const frames = [frame(1), frame(2), frame(3)];
    for (const each of frames) timeline.add(each);
    expect(seqsOf(timeline.view(300))).toEqual({ frame: 3, masks: [] });
    expect(frames.map(({ picture }) => picture.closed)).toEqual([1, 1, 0]);
  });

  it('waits with a picture for its masks once they come later, so that they lie on their own frame', () => {
    const timeline = new Timeline<Bitmap>();
    // Masks come 150 ms after their frame.
    for (let now = 100; now <= 2000; now += 50) {
      if (now % FRAME_MS === 0) timeline.add(frame(now / FRAME_MS));
      if (now % FRAME_MS === 50 && now > 250) timeline.addMasks(masks((now - 150) / FRAME_MS), now);
      const view = timeline.view(now);
      if (now < 600) continue;
      const seq = Math.floor((now - 150) / FRAME_MS);
      expect(seqsOf(view)).toEqual({ frame: seq, masks: [seq] });
    }
  });

  it('does not wait for masks that are slower than half a second, and shows them on later frames', () => {
    const timeline = new Timeline<Bitmap>();
    for (let seq = 1; seq <= 10; seq++) timeline.add(frame(seq));
    timeline.addMasks(masks(2), 1000);
    expect(timeline.delayMs(1000)).toBe(0);
    expect(seqsOf(timeline.view(1000))).toEqual({ frame: 10, masks: [2] });
  });

  it('goes back to the newest picture when masks stop', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(1));
    timeline.addMasks(masks(1), 400);
    expect(timeline.delayMs(400)).toBe(300);
    expect(timeline.delayMs(2500)).toBe(0);
  });

  it('never shows an older picture after a newer one', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(1));
    timeline.add(frame(2));
    timeline.view(200);
    timeline.addMasks(masks(2), 600);
    timeline.add(frame(3));
    expect(timeline.view(600)?.frame.header.seq).toBe(2);
    expect(timeline.view(700)?.frame.header.seq).toBe(3);
  });

  it('shows the newest masks of each source that are not of a later frame', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(5, 0));
    for (const of of [masks(3), masks(4), masks(9), masks(5, 'detections')]) timeline.addMasks(of, 0);
    const view = timeline.view(0);
    expect(view?.layers.map(({ masks: of }) => [of.message.source, of.message.frame.seq])).toEqual([
      ['track', 4],
      ['detections', 5],
    ]);
  });

  it('replaces prompts by those of the same ids, and keeps those of others', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(5, 0));
    timeline.addMasks(masks(3, 'prompt', ['cup', 'hand']), 0);
    timeline.addMasks(masks(4, 'prompt', ['door']), 0);
    timeline.addMasks(masks(5, 'prompt', ['cup']), 0);
    expect(seqsOf(timeline.view(0))).toEqual({ frame: 5, masks: [4, 5] });
  });

  it('fades masks that nothing has replaced, by their frame and by the clock', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(1, 0));
    timeline.addMasks(masks(1), 0);
    const opacity = (now: number): number => timeline.view(now)?.layers[0]?.opacity ?? 0;
    expect([0, 900, 1250, 1500].map(opacity)).toEqual([1, 1, 0.5, 0]);

    const running = new Timeline<Bitmap>();
    running.add(frame(1, 0));
    running.addMasks(masks(1, 'track'), 0);
    running.add(frame(13, 0));
    expect(running.view(0)?.layers[0]?.opacity).toBeCloseTo(0.6);
  });

  it('shows the masks of a node that takes seconds, until its next answer', () => {
    const timeline = new Timeline<Bitmap>();
    const opacity = (now: number): number => {
      timeline.add(frame(now / FRAME_MS));
      return timeline.view(now)?.layers[0]?.opacity ?? 0;
    };
    for (let now = 100; now < 3000; now += FRAME_MS) opacity(now);
    // Of the frame of 0.5 s, at 3 s.
    timeline.addMasks(masks(5), 3000);
    expect([3000, 4500, 5400].map(opacity)).toEqual([1, 1, 1]);
    expect(opacity(6800)).toBe(0);
  });

  it('shows everything when it comes, whatever its frame', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(90, 0));
    timeline.addMasks(masks(10, 'everything'), 0);
    expect(timeline.delayMs(0)).toBe(0);
    expect(seqsOf(timeline.view(0))).toEqual({ frame: 90, masks: [10] });
  });

  it('keeps a held picture until it is let go of', () => {
    const timeline = new Timeline<Bitmap>();
    const held = frame(1);
    timeline.add(held);
    timeline.view(100);
    expect(timeline.pin()).toBe(held);
    for (let seq = 2; seq < 60; seq++) {
      timeline.add(frame(seq));
      timeline.view(seq * FRAME_MS);
    }
    expect(held.picture.closed).toBe(0);
    timeline.unpin();
    timeline.unpin();
    expect(held.picture.closed).toBe(1);
  });

  it('begins anew with the node: its frames count from 1 again', () => {
    const timeline = new Timeline<Bitmap>();
    timeline.add(frame(500));
    timeline.addMasks(masks(500), 50_000);
    timeline.add(frame(1, 50_100));
    expect(seqsOf(timeline.view(50_100))).toEqual({ frame: 1, masks: [] });
  });

  it('holds a bounded number of pictures, each let go of once', () => {
    const timeline = new Timeline<Bitmap>();
    const frames = Array.from({ length: 100 }, (_, i) => frame(i + 1, 0));
    for (const each of frames) timeline.add(each);
    for (let i = 0; i < 500; i++) timeline.addMasks(masks(i), 0);
    expect(frames.filter(({ picture }) => picture.closed === 0)).toHaveLength(12);
    timeline.clear();
    expect(frames.every(({ picture }) => picture.closed === 1)).toBe(true);
  });
});
