import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { Camera, type FrameChoice } from '../../src/frames/camera.js';
import type { CameraState } from '../../src/frames/supervision.js';
import type { CameraPipeline, NativeCameraEvent, NativeCameraOptions } from '../../src/native/types.js';

/** The addon's cameras, as the test drives them. */
class FakeAddon {
  readonly opened: {
    options: NativeCameraOptions;
    emit: (event: NativeCameraEvent) => void;
    closed: boolean;
    hangs: boolean;
  }[] = [];
  pipeline: CameraPipeline = { pipeline: 'fakesrc', sync: false, loop: false, live: true };
  refuse: Error | undefined;
  closingMs = 0;
  hangs = false;
  /** What the history has, by seq. */
  readonly history = new Set<number>();
  /** Handles that are out, by frame id. */
  readonly handles = new Map<number, number>();

  get handlesOut(): number {
    return [...this.handles.values()].reduce((sum, count) => sum + count, 0);
  }

  retainFrame = (id: number) => {
    const count = this.handles.get(id) ?? 0;
    if (count === 0) return false;
    this.handles.set(id, count + 1);
    return true;
  };

  releaseFrame = (id: number) => void this.handles.set(id, (this.handles.get(id) ?? 0) - 1);

  #acquire = (choice: FrameChoice) => {
    const seq = choice === 'latest' ? Math.max(...this.history) : 'seq' in choice ? choice.seq : 0;
    if (!this.history.has(seq)) return null;
    const id = 1000 + seq;
    this.handles.set(id, (this.handles.get(id) ?? 0) + 1);
    return { id, seq, timestamp: seq, positionMs: -1, width: 64, height: 48, format: 'RGB' as const };
  };

  cameraPipeline = () => {
    if (this.refuse) throw this.refuse;
    return this.pipeline;
  };

  openCamera = (options: NativeCameraOptions, emit: (event: NativeCameraEvent) => void) => {
    const camera = { options, emit, closed: false, hangs: this.hangs };
    this.opened.push(camera);
    return {
      acquire: this.#acquire,
      link: () => undefined,
      stats: () => ({ frames: 0, held: 0, heldBytes: 0, oldestSeq: 0, newestSeq: 0 }),
      close: async () => {
        if (this.closingMs > 0) await new Promise((resolve) => setTimeout(resolve, this.closingMs));
        camera.closed = true;
      },
      stopped: () => camera.closed && !camera.hangs,
    };
  };

  get last() {
    const last = this.opened.at(-1);
    if (!last) throw new Error('no camera was opened');
    return last;
  }
}

describe('a supervised camera', () => {
  beforeEach(() => {
    vi.useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date', 'performance'],
    });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setup(options: { enabled?: boolean } = {}) {
    const addon = new FakeAddon();
    const camera = new Camera(
      addon,
      { name: 'front', source: 'test://ball', clockOffsetMs: 0, historyMs: 500, ...options },
      pino({ level: 'silent' }),
    );
    const states: CameraState[] = [];
    camera.onState((state) => states.push(state));
    const stream = async (seconds: number, { fps = 10, from = 1, width = 64, height = 48 } = {}) => {
      for (let i = 0; i < seconds * fps; i++) {
        addon.last.emit({ type: 'frame', seq: from + i, timestamp: Date.now(), width, height });
        await vi.advanceTimersByTimeAsync(1000 / fps);
      }
    };
    return { addon, camera, states, stream, names: () => states.map(({ state }) => state) };
  }

  it('is connecting until the first frame, then streams with its size and the measured rate', async () => {
    const { camera, states, stream } = setup();
    camera.start();
    expect(camera.state.state).toBe('connecting');
    await stream(4);
    expect(states[1]).toMatchObject({ state: 'streaming', width: 64, height: 48, fps: 0 });
    expect(camera.state).toMatchObject({ state: 'streaming', fps: 10 });
    await camera.close();
  });

  it('is stalled when frames stop, then opened again, and seq goes on', async () => {
    const { addon, camera, names, stream } = setup();
    camera.start();
    await stream(3);
    await vi.advanceTimersByTimeAsync(2500);
    expect(camera.state).toMatchObject({ state: 'stalled', error: { code: 'no_frame' } });
    await vi.advanceTimersByTimeAsync(4500);
    expect(addon.opened).toHaveLength(2);
    expect(addon.opened[0]?.closed).toBe(true);
    expect(addon.last.options.lastSeq).toBe(30);
    await stream(0.2, { from: 31 });
    expect(names()).toEqual(['connecting', 'streaming', 'streaming', 'stalled', 'failed', 'streaming']);
    expect(camera.state.error).toBeUndefined();
    await camera.close();
  });

  it('tries a failing source again with growing pauses of at most 3 s, for ever', async () => {
    const { addon, camera } = setup();
    camera.start();
    const openedAt: number[] = [0];
    for (let i = 0; i < 8; i++) {
      const before = addon.opened.length;
      addon.last.emit({ type: 'error', message: 'no such device' });
      expect(camera.state).toMatchObject({ state: 'failed', error: { message: 'no such device' } });
      const start = performance.now();
      while (addon.opened.length === before) await vi.advanceTimersByTimeAsync(50);
      openedAt.push(performance.now() - start);
    }
    expect(Math.max(...openedAt)).toBeLessThanOrEqual(3300);
    expect(openedAt[1]).toBeLessThanOrEqual(800);
    expect(openedAt[7]).toBeGreaterThan(2000);
    await camera.close();
  });

  it('gives up on a source that connects and never sends a frame, and opens it again', async () => {
    const { addon, camera } = setup();
    camera.start();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(addon.opened).toHaveLength(2);
    await camera.close();
  });

  it('opens a stream again that ended', async () => {
    const { addon, camera, stream } = setup();
    camera.start();
    await stream(1);
    addon.last.emit({ type: 'end' });
    expect(camera.state.state).toBe('failed');
    await vi.advanceTimersByTimeAsync(1000);
    expect(addon.opened).toHaveLength(2);
    await camera.close();
  });

  it('leaves a file that has ended and says how to loop it, until it is restarted by hand', async () => {
    const { addon, camera, stream } = setup();
    addon.pipeline = { ...addon.pipeline, sync: true };
    camera.start();
    await stream(1);
    addon.last.emit({ type: 'end' });
    expect(camera.state).toMatchObject({
      state: 'stalled',
      error: { message: expect.stringContaining('?loop=1') },
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(addon.opened).toHaveLength(1);
    await camera.restart();
    expect(addon.opened).toHaveLength(2);
    await camera.close();
  });

  it('tells a new frame size at once', async () => {
    const { camera, states, stream } = setup();
    camera.start();
    await stream(0.5);
    await stream(0.5, { from: 6, width: 128, height: 96 });
    expect(states.at(-1)).toMatchObject({ state: 'streaming', width: 128, height: 96 });
    await camera.close();
  });

  it('turns a source that can not be opened into its state instead of an exception', async () => {
    const { addon, camera } = setup();
    addon.refuse = new SamwireError('invalid_message', 'Expected a camera URI');
    expect(() => camera.start()).not.toThrow();
    expect(camera.state).toMatchObject({ state: 'failed', error: { message: 'Expected a camera URI' } });
    await camera.close();
  });

  it('never opens a camera that is disabled, and refuses to restart it', async () => {
    const { addon, camera } = setup({ enabled: false });
    camera.start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(camera.state.state).toBe('disabled');
    expect(addon.opened).toHaveLength(0);
    await expect(camera.restart()).rejects.toMatchObject({ code: 'invalid_message' });
  });

  it('has one source open however many restarts are asked for at once, and whatever time closing takes', async () => {
    const { addon, camera, stream } = setup();
    camera.start();
    await stream(3);
    addon.closingMs = 20_000;
    const restarts = Promise.all([camera.restart(), camera.restart(), camera.restart()]);
    await vi.advanceTimersByTimeAsync(25_000);
    await restarts;
    expect(addon.opened.filter(({ closed }) => !closed)).toHaveLength(1);
    expect(addon.opened).toHaveLength(2);
    const closed = camera.close();
    await vi.advanceTimersByTimeAsync(20_000);
    await closed;
    expect(addon.opened.every((source) => source.closed)).toBe(true);
  });

  it('opens no fourth source while three hang that were closed, and goes on when one has ended', async () => {
    const { addon, camera } = setup();
    addon.hangs = true;
    camera.start();
    await vi.advanceTimersByTimeAsync(90_000);
    expect(addon.opened).toHaveLength(3);
    expect(camera.state).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('hang') },
    });
    for (const source of addon.opened) source.hangs = false;
    addon.hangs = false;
    await vi.advanceTimersByTimeAsync(4000);
    expect(addon.opened).toHaveLength(4);
    await camera.close();
  });

  it('hears nothing of a source that it has closed', async () => {
    const { addon, camera, stream } = setup();
    camera.start();
    await stream(1);
    const before = addon.last;
    await camera.restart();
    before.emit({ type: 'error', message: 'late' });
    expect(camera.state.state).toBe('connecting');
    await camera.close();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(addon.opened).toHaveLength(2);
  });

  it('keeps a frame that is held beyond the history, over reconnections, with one handle for all who hold it', async () => {
    const { addon, camera } = setup();
    camera.start();
    addon.history.add(7);
    const first = camera.hold(7);
    const second = camera.hold(7);
    expect(first?.frame.seq).toBe(7);
    addon.history.clear();
    await camera.restart();
    expect(camera.acquire({ seq: 7 })?.id).toBe(first?.frame.id);
    addon.releaseFrame(1007);
    expect(addon.handlesOut).toBe(1);
    first?.release();
    first?.release();
    expect(camera.hold(7)?.frame.seq).toBe(7);
    second?.release();
    expect(addon.handlesOut).toBe(1);
    expect(camera.hold(8)).toBeNull();
    await camera.close();
    expect(addon.handlesOut).toBe(0);
    expect(camera.acquire({ seq: 7 })).toBeNull();
  });

  it('resolves nextFrame with the next arrival, or false at the time-out or when it is given up', async () => {
    const { camera, stream } = setup();
    camera.start();
    const timedOut = camera.nextFrame(100);
    await vi.advanceTimersByTimeAsync(150);
    expect(await timedOut).toBe(false);
    const gone = new AbortController();
    const given = camera.nextFrame(600_000, gone.signal);
    const timers = vi.getTimerCount();
    gone.abort();
    expect(await given).toBe(false);
    expect(vi.getTimerCount()).toBe(timers - 1);
    const arrived = camera.nextFrame(1000);
    await stream(0.1);
    expect(await arrived).toBe(true);
    await camera.close();
  });
});
