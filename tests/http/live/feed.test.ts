import { describe, expect, it } from 'vitest';
import type { ArrivedFrame, FrameChoice } from '../../../src/frames/camera.js';
import { HeldFrames } from '../../../src/frames/held-frames.js';
import { Feed, widthFor } from '../../../src/http/live/feed.js';
import { Pictures } from '../../../src/http/live/picture.js';
import { Slots } from '../../../src/http/live/slots.js';
import { View } from '../../../src/http/live/view.js';
import type { NativeFrameInfo } from '../../../src/native/types.js';

const SETTLED = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
/** Between frames. */
const FRAME_MS = 33;

/** A camera of the test's own frames, 1920 wide; `historyFrames` of them are kept. */
function setup({ historyFrames = 15, slots = new Slots(2), pictures = new Pictures(24) } = {}) {
  const handles = new Map<number, number>();
  const add = (id: number, count: number): void => void handles.set(id, (handles.get(id) ?? 0) + count);
  const held = new HeldFrames({
    retainFrame: (id) => {
      if ((handles.get(id) ?? 0) === 0) return false;
      add(id, 1);
      return true;
    },
    releaseFrame: (id) => add(id, -1),
  });
  const frames: NativeFrameInfo[] = [];
  const listeners = new Set<(frame: ArrivedFrame) => void>();
  const clock = { now: 0 };
  const nearest = (timestamp: number): NativeFrameInfo | undefined =>
    [...frames].sort((a, b) => Math.abs(a.timestamp - timestamp) - Math.abs(b.timestamp - timestamp))[0];
  const acquire = (choice: FrameChoice): NativeFrameInfo | null => {
    if (choice !== 'latest' && 'seq' in choice) {
      const kept = held.acquire(choice.seq);
      if (kept) return kept;
    }
    const frame =
      choice === 'latest'
        ? frames.at(-1)
        : 'seq' in choice
          ? frames.find(({ seq }) => seq === choice.seq)
          : nearest(choice.timestamp);
    if (frame) add(frame.id, 1);
    return frame ?? null;
  };
  const encoding: { seq: number; width: number; done: (jpeg: Buffer) => void; failed: (e: Error) => void }[] =
    [];
  const problems: string[] = [];
  const feed = new Feed({
    camera: {
      name: 'front',
      acquire,
      hold: (seq) => {
        const frame = acquire({ seq });
        return frame && held.hold(frame);
      },
      onFrame: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    releaseFrame: (id) => add(id, -1),
    encode: ({ seq }, width) => new Promise((done, failed) => encoding.push({ seq, width, done, failed })),
    pictures,
    slots,
    onProblem: ({ cause }) => problems.push(String(cause)),
    now: () => clock.now,
  });
  const push = async (): Promise<number> => {
    clock.now += FRAME_MS;
    const seq = (frames.at(-1)?.seq ?? 0) + 1;
    const frame = { id: 100 + seq, seq, timestamp: clock.now, positionMs: -1, format: 'NV12' as const };
    frames.push({ ...frame, width: 1920, height: 1080 });
    if (frames.length > historyFrames) frames.shift();
    for (const listener of listeners) listener({ ...frame, width: 1920, height: 1080 });
    await SETTLED();
    return seq;
  };
  /** Ends the JPEG that is in work, and tells which frame in which width it was. */
  const encode = async (): Promise<string> => {
    const job = encoding.shift();
    if (!job) throw new Error('no JPEG is in work');
    job.done(Buffer.from('jpeg'));
    await SETTLED();
    return `${job.seq}@${job.width}`;
  };
  const view = ({ maxWidth = 640, maxFps = 1000 } = {}) => {
    const sent: number[] = [];
    const socket = { isOpen: true };
    const made = new View({
      maxWidth,
      maxFps,
      isOpen: () => socket.isOpen,
      send: (packet) => {
        const length = packet.readUInt32LE(0);
        sent.push(JSON.parse(packet.subarray(4, 4 + length).toString()).seq);
      },
    });
    const see = async (seq: number): Promise<void> => {
      made.seen(seq);
      feed.turn();
      await SETTLED();
    };
    return { view: made, sent, see, socket };
  };
  const out = (): number => [...handles.values()].reduce((sum, count) => sum + count, 0);
  const masked = async (seq: number): Promise<void> => {
    const timestamp = seq * FRAME_MS;
    feed.masked({ seq, timestamp });
    await SETTLED();
  };
  return { feed, push, encode, encoding, view, out, clock, listeners, masked, problems, pictures };
}

describe('a camera as pages see it', () => {
  it('costs nothing while nobody watches', async () => {
    const { feed, push, listeners, encoding, view, out, encode } = setup();
    await push();
    expect(listeners.size).toBe(0);
    const page = view();
    feed.add(page.view);
    await SETTLED();
    await encode();
    expect(page.sent).toEqual([1]);
    feed.remove(page.view);
    await push();
    expect([listeners.size, encoding.length, out()]).toEqual([0, 0, 0]);
  });

  it('makes one JPEG for all pages of about one size, one at a time', async () => {
    const { feed, push, encode, encoding, view } = setup();
    const pages = [600, 640, 500, 1000, 4000].map((maxWidth) => view({ maxWidth }));
    for (const page of pages) feed.add(page.view);
    await push();
    expect(encoding).toHaveLength(1);
    expect([await encode(), await encode(), await encode()]).toEqual(['1@640', '1@1280', '1@1920']);
    expect(encoding).toHaveLength(0);
    expect(pages.map(({ sent }) => sent)).toEqual([[1], [1], [1], [1], [1]]);
  });

  it('makes none for a page that has not seen its last two, and then the newest', async () => {
    const { feed, push, encode, encoding, view, out } = setup();
    const page = view();
    feed.add(page.view);
    for (const seq of [1, 2]) {
      await push();
      expect(await encode()).toBe(`${seq}@640`);
    }
    for (let i = 0; i < 20; i++) await push();
    expect(encoding).toHaveLength(0);
    // The two that it may be about to draw, of which the newer is also the feed's own.
    expect(out()).toBe(2);
    await page.see(1);
    expect(await encode()).toBe('22@640');
    await page.see(22);
    expect(page.sent).toEqual([1, 2, 22]);
    // What it may show stays for `hold`.
    expect(out()).toBe(3);
  });

  it('holds up no page for a slow one, nor for one whose socket is full', async () => {
    const { feed, push, encode, view } = setup();
    const [slow, full, good] = [view(), view(), view()];
    full.socket.isOpen = false;
    for (const page of [slow, full, good]) feed.add(page.view);
    for (let seq = 1; seq <= 5; seq++) {
      await push();
      await encode();
      await good.see(seq);
    }
    expect([slow.sent, full.sent, good.sent]).toEqual([[1, 2], [], [1, 2, 3, 4, 5]]);
  });

  it('sends a page no more frames a second than it wants', async () => {
    const { feed, push, encode, encoding, view } = setup();
    const page = view({ maxFps: 10 });
    feed.add(page.view);
    for (let i = 0; i < 31; i++) {
      const seq = await push();
      if (encoding.length > 0) await encode();
      await page.see(seq);
    }
    expect(page.sent.length).toBeGreaterThanOrEqual(10);
    expect(page.sent.length).toBeLessThanOrEqual(11);
  });

  it('sends frames as late as masks are, in order, and the frame of each masks message next', async () => {
    const { feed, push, encode, encoding, view, masked } = setup();
    // Every second frame, about.
    const page = view({ maxFps: 15 });
    feed.add(page.view);
    const LATE = 5;
    for (let i = 0; i < 60; i++) {
      const seq = await push();
      // Masks of every third frame, five frames late.
      const of = seq - LATE;
      if (of > 0 && of % 3 === 0) await masked(of);
      while (encoding.length > 0) {
        await encode();
        await page.see(page.sent.at(-1) ?? 0);
      }
    }
    expect(page.sent).toEqual([...new Set(page.sent)].sort((a, b) => a - b));
    const late = page.sent.filter((seq) => seq > 20);
    expect(Math.max(...late)).toBeLessThanOrEqual(60 - LATE + 1);
    expect(late.length).toBeGreaterThan(12);
    const ofMasks = [21, 24, 27, 30, 33, 36, 39, 42, 45, 48, 51, 54];
    expect(page.sent).toEqual(expect.arrayContaining(ofMasks));
  });

  it('sends no frame that is older than what was sent, whatever masks come', async () => {
    const { feed, push, encode, encoding, view, masked } = setup();
    const page = view();
    feed.add(page.view);
    for (let seq = 1; seq <= 6; seq++) {
      await push();
      await encode();
      await page.see(seq);
    }
    await masked(2);
    expect(encoding).toHaveLength(0);
    expect(page.sent).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('goes back to the newest frame when no masks come any more', async () => {
    const { feed, push, encode, encoding, view, masked, clock } = setup();
    const page = view();
    feed.add(page.view);
    const run = async (frames: number): Promise<number> => {
      let seq = 0;
      for (let i = 0; i < frames; i++) {
        seq = await push();
        while (encoding.length > 0) {
          await encode();
          await page.see(page.sent.at(-1) ?? 0);
        }
      }
      return seq;
    };
    const newest = await run(10);
    await masked(newest - 5);
    await run(3);
    expect(page.sent.at(-1)).toBe(newest);
    expect(await run(6)).toBe((page.sent.at(-1) ?? 0) + 5);
    clock.now += 3000;
    expect(await run(1)).toBe(page.sent.at(-1));
  });

  it('sends no frame of long ago because somebody prompts it', async () => {
    const { feed, push, encode, view, masked, encoding } = setup({ historyFrames: 200 });
    await push();
    const page = view();
    for (let i = 0; i < 70; i++) await push();
    feed.add(page.view);
    await SETTLED();
    await push();
    await encode();
    await masked(1);
    expect(encoding.map(({ seq }) => seq)).not.toContain(1);
  });

  it('goes on after a frame that could not be made a JPEG, and says why', async () => {
    const { feed, push, encode, encoding, view, problems } = setup();
    const page = view();
    feed.add(page.view);
    await push();
    encoding.shift()?.failed(new Error('no memory'));
    await push();
    expect(await encode()).toBe('2@640');
    expect(page.sent).toEqual([2]);
    expect(problems).toEqual(['Error: no memory']);
  });

  it('says why once for an outage, whatever each frame says', async () => {
    const { feed, push, encode, encoding, view, problems, clock } = setup();
    const page = view();
    feed.add(page.view);
    for (let i = 0; i < 20; i++) {
      const seq = await push();
      if (i % 5 === 4) await page.see(Number((await encode()).split('@')[0]));
      else encoding.shift()?.failed(new Error(`frame ${seq} is bad`));
    }
    expect(problems).toHaveLength(1);
    clock.now += 61_000;
    await push();
    encoding.shift()?.failed(new Error('bad again'));
    await push();
    expect(problems).toHaveLength(2);
  });

  it('says nothing of a frame that was let go of while its JPEG was made', async () => {
    const { feed, push, encoding, view, problems, out } = setup();
    const page = view();
    feed.add(page.view);
    await push();
    feed.remove(page.view);
    encoding.shift()?.failed(new Error('Frame 1 is not held'));
    await SETTLED();
    expect([problems, out()]).toEqual([[], 0]);
  });

  it('holds no frame for pages that have gone while it waited for its turn', async () => {
    const slots = new Slots(1);
    let free = (): void => undefined;
    const taken = slots.run(() => new Promise<void>((resolve) => (free = resolve)));
    const { feed, push, view, out } = setup({ slots });
    const page = view();
    feed.add(page.view);
    await push();
    feed.remove(page.view);
    free();
    await taken;
    await SETTLED();
    expect(out()).toBe(0);
  });

  it('lets go of everything when a page goes while its JPEG is made', async () => {
    const { feed, push, encode, view, out } = setup();
    const page = view();
    feed.add(page.view);
    await push();
    feed.remove(page.view);
    await encode();
    expect(page.sent).toEqual([]);
    expect(out()).toBe(0);
  });

  it('keeps frames for stalled pages up to a bound, and sends on beyond it', async () => {
    const pictures = new Pictures(3);
    const { feed, push, encode, encoding, view, out } = setup({ pictures });
    const stalled = [view(), view(), view()];
    for (const page of stalled) {
      feed.add(page.view);
      for (let i = 0; i < 3; i++) {
        await push();
        if (encoding.length > 0) await encode();
      }
      expect(page.sent).toHaveLength(2);
    }
    expect(pictures.size).toBe(3);
    expect(out()).toBe(3);
    for (const page of stalled) feed.remove(page.view);
    expect([pictures.size, out()]).toEqual([0, 0]);
  });

  it('shares the places of all cameras: the third waits for its turn', async () => {
    const slots = new Slots(2);
    const sites = [setup({ slots }), setup({ slots }), setup({ slots })];
    for (const { feed, view, push } of sites) {
      feed.add(view().view);
      await push();
    }
    expect(sites.map(({ encoding }) => encoding.length)).toEqual([1, 1, 0]);
    await sites[0]?.encode();
    expect(sites.map(({ encoding }) => encoding.length)).toEqual([0, 1, 1]);
  });
});

describe('the width of a JPEG', () => {
  it('is the next larger of a few, and none is larger than the frame', () => {
    expect([1, 320, 321, 700, 1000, 1921].map((width) => widthFor(width, 4096))).toEqual([
      320, 320, 640, 960, 1280, 1920,
    ]);
    expect(widthFor(1000, 800)).toBe(800);
    expect(widthFor(100, 64)).toBe(64);
  });
});
