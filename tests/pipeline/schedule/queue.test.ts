import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Camera } from '../../../src/frames/camera.js';
import { FakeCamera, idsOf, setup } from '../doubles.js';

const asCamera = (camera: FakeCamera): Camera => camera as unknown as Camera;

describe('a full queue', () => {
  it('makes room at the cost of who waits with most: of that camera, of that client, the oldest', async () => {
    const { camera, segmenter, scheduler, submit, settled, out } = setup({ queueLimit: 5, maxPrompts: 1 });
    const other = new FakeCamera('back', camera.handles);
    camera.push(1);
    other.push(2);
    submit('running');
    await settled();
    const back = submit('back', { camera: asCamera(other) });
    const quiet = submit('quiet', { client: 'quiet' });
    const flood = ['1', '2', '3', '4', '5'].map((id) => submit(id, { client: 'flood', frame: { seq: 1 } }));
    for (const victim of flood.slice(0, 2))
      await expect(victim).rejects.toMatchObject({
        code: 'overloaded',
        message: expect.stringContaining('front'),
      });
    expect(scheduler.length).toBe(5);
    for (let i = 0; i < 6; i += 1) await segmenter.answer();
    await Promise.all([back, quiet, ...flood.slice(2)]);
    expect(scheduler.stats()).toMatchObject({ refused: { queueFull: 2 }, served: { prompt: 6 } });
    await settled();
    expect(out()).toBe(0);
  });

  it('counts by weight: a camera of twice the weight may have twice as much waiting', async () => {
    const { camera, submit, settled } = setup({ queueLimit: 5, maxPrompts: 1 });
    const heavy = new FakeCamera('heavy', camera.handles);
    heavy.weight = 4;
    camera.push(1);
    heavy.push(2);
    submit('running');
    await settled();
    const light = [submit('light 1'), submit('light 2')];
    for (const id of ['1', '2', '3', '4']) submit(id, { camera: asCamera(heavy) });
    await expect(light[0]).rejects.toMatchObject({ code: 'overloaded' });
  });

  it('of one kind costs requests of another nothing', async () => {
    const { camera, scheduler, submit, settled } = setup({ queueLimit: 2, maxPrompts: 1 });
    camera.push(1);
    submit('running');
    await settled();
    for (const id of ['1', '2', '3']) submit(id, { kind: 'track' });
    submit('prompt');
    await settled();
    expect(scheduler.stats()).toMatchObject({ waiting: { prompt: 1, track: 2 }, refused: { queueFull: 1 } });
  });

  it('of requests for the first frame of a camera makes room at the cost of the camera with most of them', async () => {
    const { camera, scheduler, submit, settled } = setup({ queueLimit: 2 });
    const dead = new FakeCamera('dead', camera.handles);
    camera.streaming = false;
    dead.streaming = false;
    const waiting = { camera: asCamera(dead), maxAgeMs: 50 };
    const first = submit('1', waiting);
    submit('2', waiting);
    const other = submit('other', { maxAgeMs: 5000 });
    await expect(first).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('dead'),
    });
    expect(scheduler.stats()).toMatchObject({ waitingForFrame: 2 });
    camera.push(1);
    await settled();
    scheduler.close({ graceMs: 1 });
    await expect(other).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('a run', () => {
  /** Encoding takes 2 + 1 ms, a prompt 7 ms (the double's timing), once that has been measured. */
  it('takes lower kinds along where that costs less than it saves', async () => {
    const { camera, segmenter, submit, settled } = setup({ runsAtOnce: 1 });
    camera.push(1);
    submit('running');
    await settled();
    submit('prompt');
    submit('track', { kind: 'track' });
    submit('detections', { kind: 'detections' });
    // Nothing has been measured yet when this one begins.
    await segmenter.answer(new Error('no'));
    expect(segmenter.requests.map(idsOf)).toEqual([['running'], ['prompt', 'detections', 'track']]);
    await segmenter.answer();
    submit('second prompt');
    submit('dear track', { kind: 'track' });
    await settled();
    await segmenter.answer();
    expect(segmenter.requests.slice(2).map(idsOf)).toEqual([['second prompt'], ['dear track']]);
  });

  it('takes no more along than a run is worth: decoding up to four times as long as encoding, or 120 ms', async () => {
    const { camera, segmenter, submit, settled } = setup({ queueLimit: 100, maxPrompts: 64 });
    camera.push(1);
    submit('running');
    await settled();
    for (let i = 0; i < 40; i += 1) submit(String(i));
    await segmenter.answer();
    // 17 prompts of 7 ms.
    expect(segmenter.requests.map(({ prompts }) => prompts.length)).toEqual([1, 17]);
  });

  it('of a lower kind takes higher ones along, whatever they cost', async () => {
    const { camera, segmenter, submit, settled, clock } = setup();
    camera.push(1);
    submit('running', { kind: 'track' });
    await settled();
    await segmenter.answer();
    clock.now += 1000;
    const other = new FakeCamera('back', camera.handles);
    other.push(2);
    submit('other', { camera: asCamera(other) });
    submit('track', { kind: 'track' });
    submit('prompt');
    await settled();
    await segmenter.answer();
    // The track is due, and its camera's prompt comes with it.
    expect(segmenter.requests.slice(1).map(idsOf)).toEqual([['other'], ['track', 'prompt']]);
  });

  it('on a frame that was named takes requests for the newest along, if it is the newest', async () => {
    const { camera, segmenter, submit, settled, out } = setup();
    camera.push(1);
    camera.push(2);
    submit('running');
    await settled();
    submit('old', { frame: { seq: 1 } });
    submit('new', { frame: { seq: 2 } });
    submit('latest');
    for (let i = 0; i < 3; i += 1) await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['running'], ['old'], ['new', 'latest']]);
    await settled();
    expect(out()).toBe(0);
  });

  it('shares its room between the clients of the camera', async () => {
    const { camera, segmenter, submit, settled } = setup({ maxPrompts: 4 });
    camera.push(1);
    submit('running', { client: 'flood' });
    await settled();
    for (const id of ['1', '2', '3', '4', '5']) submit(id, { client: 'flood' });
    submit('a', { client: 'a' });
    submit('b', { client: 'b' });
    await segmenter.answer();
    expect(idsOf(segmenter.requests[1])?.toSorted()).toEqual(['1', '2', 'a', 'b']);
  });
});

describe('a deadline', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is told when it is over, however long the run at work takes', async () => {
    const { camera, scheduler, submit, settled, clock, out } = setup();
    camera.push(1);
    submit('running');
    await settled();
    const told: string[] = [];
    const tell = (id: string, maxAgeMs: number): void => {
      submit(id, { frame: { seq: 1 }, maxAgeMs }).catch(({ code }) => told.push(`${id} ${code}`));
    };
    tell('late', 300);
    tell('soon', 100);
    tell('never', 100_000);
    const pass = async (ms: number): Promise<void> => {
      clock.now += ms;
      await vi.advanceTimersByTimeAsync(ms);
    };
    await pass(99);
    expect(told).toEqual([]);
    await pass(6);
    expect(told).toEqual(['soon expired']);
    await pass(201);
    expect(told).toEqual(['soon expired', 'late expired']);
    expect(scheduler.stats()).toMatchObject({ refused: { expired: 2 }, waiting: { prompt: 1 } });
    // The one at work, and the one that waits.
    expect(out()).toBe(2);
  });

  it('of background work that waits is told as well', async () => {
    const { camera, scheduler, settled, clock } = setup();
    camera.push(1);
    const job = (beginByMs?: number) => ({
      camera: asCamera(camera),
      frame: 'latest' as const,
      requested: true,
      receivedAtMs: clock.now,
      maxAgeMs: 500,
      work: () => new Promise(() => undefined),
      ...(beginByMs === undefined ? {} : { beginByMs }),
    });
    void scheduler.submitBackground(job());
    const late = scheduler.submitBackground(job(clock.now + 200));
    const codes: string[] = [];
    late.catch(({ code }) => codes.push(code));
    await settled();
    clock.now += 206;
    await vi.advanceTimersByTimeAsync(206);
    expect(codes).toEqual(['expired']);
    expect(scheduler.backgroundJobs).toBe(1);
  });
});
