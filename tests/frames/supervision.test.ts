import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type CameraState, type Step, Supervision } from '../../src/frames/supervision.js';

const SIZE = { width: 64, height: 48 };
const TICK_MS = 250;

/** A camera on a clock that the test moves; ticks come as the camera's owner makes them. */
function setup({ fps, random = () => 0 }: { fps?: number; random?: () => number } = {}) {
  let nowMs = 1000;
  let wallOffsetMs = 1_700_000_000_000;
  const told: (CameraState & { atMs: number })[] = [];
  const logged: { level: number; reason?: string; msg: string }[] = [];
  const supervision = new Supervision({
    name: 'front',
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) }),
    onState: (state) => told.push({ ...state, atMs: nowMs }),
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs + wallOffsetMs },
    random,
    ...(fps === undefined ? {} : { fps }),
  });
  const camera = {
    supervision,
    told,
    logged,
    now: () => nowMs,
    names: () => told.map(({ state }) => state),
    setWallClock: (byMs: number) => {
      wallOffsetMs += byMs;
    },
    /** Lets time go by with a frame every `everyMs`, opening the source when it is to be opened; steps but 'none'. */
    pass(ms: number, { everyMs = 0, size = SIZE, onOpen = () => supervision.opening() } = {}): Step[] {
      const steps: Step[] = [];
      for (const endMs = nowMs + ms; nowMs < endMs; ) {
        nowMs += 50;
        if (everyMs > 0 && nowMs % everyMs === 0) supervision.frame(size);
        if (nowMs % TICK_MS !== 0) continue;
        const step = supervision.tick();
        if (step !== 'none') steps.push(step);
        if (step === 'open') onOpen();
      }
      return steps;
    },
  };
  supervision.opening();
  return camera;
}

describe('supervision of a camera', () => {
  it('stalls without frames for 2 s, gives the source 3 s more, and opens it again at once', () => {
    const { supervision, pass, told, now } = setup();
    pass(3000, { everyMs: 100 });
    const lastFrameMs = now();
    const steps = pass(6000);
    expect(steps).toEqual(['close', 'open']);
    const [stalled, failed] = told.slice(-2);
    expect(stalled).toMatchObject({ state: 'stalled', error: { message: 'No frame for 2 s.' } });
    expect((stalled?.atMs ?? 0) - lastFrameMs).toBeLessThanOrEqual(2500);
    expect(failed).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('for 5 s') } });
    expect((failed?.atMs ?? 0) - lastFrameMs).toBeLessThanOrEqual(5600);
    expect(supervision.stats()).toMatchObject({ reopens: 1, lastError: { at: expect.any(Number) } });
  });

  it('is streaming again when frames go on while it is stalled, and nothing is closed', () => {
    const { pass, names } = setup();
    pass(3000, { everyMs: 100 });
    expect(pass(3500)).toEqual([]);
    expect(pass(1000, { everyMs: 100 })).toEqual([]);
    expect(names().slice(-2)).toEqual(['stalled', 'streaming']);
  });

  it('closes a source that gives no first frame within 10 s, and opens it again without a further pause', () => {
    const { pass, told, now } = setup();
    const openedMs = now();
    expect(pass(10_600)).toEqual(['close', 'open']);
    expect(told.at(-1)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringContaining('within 10 s') },
    });
    expect(now() - openedMs).toBeLessThan(11_000);
  });

  it.each([
    { random: () => 0, pauses: [500, 1000, 2000, 3000, 3000, 3000] },
    { random: () => 1, pauses: [350, 700, 1400, 2100, 2100, 2100] },
  ])('pauses for $pauses ms between openings that fail at once', ({ random, pauses }) => {
    const { supervision, pass, now } = setup({ random });
    const opened: number[] = [now()];
    supervision.failed('refused');
    pass(18_000, {
      onOpen: () => {
        supervision.opening();
        opened.push(now());
        supervision.failed('refused');
      },
    });
    pauses.forEach((pause, i) => {
      const waited = (opened[i + 1] ?? 0) - (opened[i] ?? 0);
      expect(waited).toBeGreaterThanOrEqual(pause);
      expect(waited).toBeLessThan(pause + TICK_MS + 1);
    });
  });

  it('shortens the pauses at random, so that cameras of one switch do not come back in step', () => {
    const pauses = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const { supervision, pass, now } = setup({ random: () => i / 19 });
      for (let n = 0; n < 5; n++) supervision.failed('refused');
      const failedMs = now();
      let openedMs = 0;
      pass(4000, {
        onOpen: () => {
          openedMs ||= now();
          supervision.opening();
        },
      });
      pauses.add(openedMs - failedMs);
    }
    expect(pauses.size).toBeGreaterThan(3);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3250);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2100);
  });

  it('begins with the shortest pause again once a stream has lasted 10 s, not before', () => {
    const pauseAfter = (streamedMs: number): number => {
      const { supervision, pass, now } = setup();
      for (let i = 0; i < 6; i++) {
        supervision.failed('refused');
        supervision.opening();
      }
      pass(streamedMs, { everyMs: 100 });
      supervision.failed('ended');
      const failedMs = now();
      let openedMs = 0;
      pass(4000, { onOpen: () => (openedMs ||= now()) });
      return openedMs - failedMs;
    };
    expect(pauseAfter(5000)).toBeGreaterThan(2500);
    expect(pauseAfter(10_500)).toBeLessThanOrEqual(750);
  });

  it('says once that a camera is away for a day, on the topic and in the log, and once that it is back', () => {
    const { supervision, pass, told, logged, names } = setup();
    pass(11_000, { everyMs: 100 });
    const before = told.length;
    supervision.failed('Connection refused');
    const failedMs = told.at(-1)?.since;
    pass(24 * 3600 * 1000, {
      onOpen: () => {
        supervision.opening();
        supervision.failed('Connection refused');
      },
    });
    expect(names().slice(before)).toEqual(['failed']);
    expect(supervision.state).toMatchObject({ since: failedMs, error: { message: 'Connection refused' } });
    expect(logged.filter(({ level }) => level >= 40)).toHaveLength(1);
    supervision.opening();
    pass(11_000, { everyMs: 100 });
    expect(supervision.state.error).toBeUndefined();
    expect(logged.map(({ msg }) => msg)).toEqual([
      'camera failed; trying again for ever',
      'camera streams again',
    ]);
  });

  it('tells a new reason for an outage that goes on', () => {
    const { supervision, told, logged } = setup();
    for (const reason of ['refused', 'refused', 'unauthorized', 'refused']) {
      supervision.failed(reason);
      supervision.opening();
    }
    expect(told.map(({ error }) => error?.message)).toEqual([
      undefined,
      'refused',
      'unauthorized',
      'refused',
    ]);
    expect(logged.map(({ reason }) => reason)).toEqual(['refused', 'unauthorized']);
  });

  it('tells a camera that comes and goes for an hour by less than one message a second, and logs its reason once', () => {
    const { supervision, pass, told, logged } = setup();
    let n = 0;
    const flap = (): void => {
      supervision.opening();
      supervision.frame(SIZE);
      supervision.failed(`Reset by peer after ${n++} frames.`);
    };
    flap();
    pass(3600 * 1000, { onOpen: flap });
    expect(n).toBeGreaterThan(1000);
    expect(told.length).toBeLessThan(3600);
    expect(logged.filter(({ level }) => level >= 40)).toHaveLength(1);
  });

  it('tells a size that changes with every frame at once, then once a second', () => {
    const { supervision, pass, told } = setup();
    pass(5000, { everyMs: 100 });
    const before = told.length;
    for (let i = 0; i < 50; i++) pass(100, { everyMs: 100, size: { width: 100 + i, height: 100 } });
    expect(told[before]).toMatchObject({ state: 'streaming', width: 100 });
    expect(told.length - before).toBeLessThanOrEqual(7);
    pass(1500, { everyMs: 100, size: { width: 149, height: 100 } });
    expect(told.at(-1)).toMatchObject({ width: 149, height: 100 });
    expect(supervision.state).toMatchObject({ width: 149, height: 100 });
  });

  it('waits for a slow camera as long as the rate of its config says', () => {
    const { supervision, pass } = setup({ fps: 0.5 });
    for (let i = 0; i < 5; i++) expect(pass(4000, { everyMs: 4000 })).toEqual([]);
    expect(supervision.state.state).toBe('streaming');
    pass(11_000);
    expect(supervision.state.state).toBe('stalled');
  });

  it('is not touched by a wall clock that is set, in either direction', () => {
    const { pass, names, setWallClock } = setup();
    pass(3000, { everyMs: 100 });
    const before = names().length;
    for (const byMs of [86_400_000, -2 * 86_400_000]) {
      setWallClock(byMs);
      expect(pass(3000, { everyMs: 100 })).toEqual([]);
    }
    expect(names()).toHaveLength(before);
  });

  it('leaves a file that has ended alone, and opens any other stream that ended', () => {
    const { supervision, pass } = setup();
    pass(1000, { everyMs: 100 });
    expect(supervision.ended(true)).toBe('none');
    expect(pass(60_000)).toEqual([]);
    expect(supervision.state).toMatchObject({
      state: 'stalled',
      error: { message: expect.stringContaining('loop=1') },
    });
    supervision.restarting();
    supervision.opening();
    expect(supervision.state).toMatchObject({ state: 'connecting' });
    pass(1000, { everyMs: 100 });
    expect(supervision.ended(false)).toBe('close');
    expect(pass(1000)).toContain('open');
  });

  it.each(['connecting', 'streaming', 'stalled', 'failed', 'pausing'] as const)(
    'is connecting, with no pause to come, when it is restarted while it is %s',
    (from) => {
      const { supervision, pass } = setup();
      if (from !== 'connecting' && from !== 'failed') pass(1000, { everyMs: 100 });
      if (from === 'stalled') pass(2600);
      if (from === 'pausing' || from === 'failed') for (let i = 0; i < 5; i++) supervision.failed('refused');
      if (from === 'failed') supervision.opening();
      supervision.restarting();
      supervision.opening();
      expect(supervision.state.state).toBe('connecting');
      expect(supervision.state.error).toBeUndefined();
      expect(pass(2000)).toEqual([]);
      pass(200, { everyMs: 100 });
      expect(supervision.state.state).toBe('streaming');
    },
  );

  it('does nothing with a camera that is disabled', () => {
    const { supervision, pass } = setup();
    supervision.disabled();
    expect(pass(60_000)).toEqual([]);
    expect(supervision.state.state).toBe('disabled');
  });

  it('knows the longest gap between two frames, also while it lasts', () => {
    const { supervision, pass } = setup();
    expect(supervision.stats()).toMatchObject({ longestGapMs: 0, lastError: null });
    pass(1000, { everyMs: 100 });
    pass(1500);
    expect(supervision.stats().longestGapMs).toBeGreaterThanOrEqual(1500);
    pass(500, { everyMs: 100 });
    pass(800);
    expect(supervision.stats().longestGapMs).toBeLessThanOrEqual(1600);
  });
});
