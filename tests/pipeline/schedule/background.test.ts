import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import type { Camera } from '../../../src/frames/camera.js';
import type { BackgroundJob, BackgroundWork } from '../../../src/pipeline/schedule/background.js';
import type { SegmentPrompt } from '../../../src/segment/segmenter.js';
import { FakeCamera, idsOf, setup } from '../doubles.js';

type Work<T> = (work: BackgroundWork) => Promise<T>;

const prompts = (prefix: string, count: number): SegmentPrompt[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `${prefix}${i}`,
    points: [{ x: i, y: i, label: 1 }],
    multimask: true,
  }));

/** Asks for so many prompts in one request; the value is the ids that were answered, in order. */
const segmenting =
  (prefix: string, count: number): Work<readonly string[]> =>
  async ({ frame, segment }) => {
    const { results } = await segment({ frame, prompts: prompts(prefix, count) });
    return results.map((result) => ('error' in result ? result.error.message : ''));
  };

function background(options: Parameters<typeof setup>[0] = {}) {
  const test = setup({ maxPrompts: 2, ...options });
  const later = <T>(work: Work<T>, job: Partial<BackgroundJob<T>> & { readonly maxAgeMs?: number } = {}) => {
    const answer = test.scheduler.submitBackground({
      camera: test.camera as unknown as Camera,
      frame: 'latest',
      requested: true,
      receivedAtMs: test.clock.now,
      maxAgeMs: 500,
      work,
      ...job,
    });
    answer.catch(() => undefined);
    return answer;
  };
  return { ...test, later };
}

describe('background work', () => {
  it('is divided into chunks, whose results come in order with their times summed up', async () => {
    const { camera, segmenter, later, settled, out } = background();
    camera.push(1);
    let summed = {};
    const job = later(async ({ frame, segment }) => {
      const { results, timing } = await segment({ frame, prompts: prompts('p', 5) });
      summed = timing;
      return results.map((result) => ('error' in result ? result.error.message : ''));
    });
    await settled();
    for (let i = 0; i < 3; i += 1) await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['p0', 'p1'], ['p2', 'p3'], ['p4']]);
    expect(segmenter.requests.every(({ keepLogits }) => keepLogits === false)).toBe(true);
    expect((await job).value).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
    expect(summed).toEqual({ prepareMs: 3, encodeMs: 6, decodeMs: 9, maskMs: 12, embeddingReused: false });
    await settled();
    expect(out()).toBe(0);
  });

  it('lets every prompt that waits go first, between any two chunks', async () => {
    const { camera, segmenter, submit, later, settled } = background();
    camera.push(1);
    const job = later(segmenting('p', 6));
    await settled();
    submit('a');
    submit('b');
    await settled();
    await segmenter.answer();
    submit('c');
    for (let i = 0; i < 3; i += 1) await segmenter.answer();
    submit('d');
    await settled();
    await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([
      ['p0', 'p1'],
      ['a', 'b'],
      ['c'],
      ['p2', 'p3'],
      ['p4', 'p5'],
      ['d'],
    ]);
    expect((await job).value).toHaveLength(6);
  });

  it('has one turn at a time where the segmenter takes two, so that a prompt never waits for both', async () => {
    const { camera, segmenter, submit, later, settled } = background({ runsAtOnce: 2 });
    camera.push(1);
    later(async ({ frame, segment }) =>
      Promise.all([
        segment({ frame, prompts: prompts('p', 2) }),
        segment({ frame, prompts: prompts('q', 2) }),
      ]),
    );
    await settled();
    expect(segmenter.requests.map(idsOf)).toEqual([['p0', 'p1']]);
    submit('a');
    await settled();
    expect(segmenter.requests.map(idsOf)).toEqual([['p0', 'p1'], ['a']]);
    await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['p0', 'p1'], ['a'], ['q0', 'q1']]);
  });

  it('counts waiting as waiting and the rest as work', async () => {
    const { camera, segmenter, submit, later, settled, clock } = background();
    camera.push(1, 990);
    const job = later(segmenting('p', 4));
    await settled();
    clock.now = 1100;
    submit('a');
    await segmenter.answer();
    clock.now = 1150;
    await segmenter.answer();
    clock.now = 1300;
    await segmenter.answer();
    expect(await job).toMatchObject({ ageMs: 10, queueMs: 50, workMs: 250, answeredAtMs: 1300, skewMs: 0 });
  });

  it('goes on, a chunk at a time, while prompts keep the model busy: for a tenth of its time', async () => {
    const { camera, segmenter, submit, later, settled, clock } = background();
    camera.push(1);
    later(segmenting('p', 1000));
    await settled();
    let chunks = 0;
    for (let i = 0; i < 200; i += 1) {
      submit(`prompt ${i}`, { maxAgeMs: 100_000, receivedAtMs: clock.now });
      await settled();
      if (segmenter.requests.at(-1)?.keepLogits === false) chunks += 1;
      clock.now += 50;
      await segmenter.answer();
    }
    expect(chunks).toBeGreaterThan(17);
    expect(chunks).toBeLessThan(23);
  });

  it('that nobody waits for goes round the cameras by weight', async () => {
    const { camera, segmenter, later, settled, clock } = background();
    const heavy = new FakeCamera('heavy', camera.handles);
    heavy.weight = 3;
    camera.push(1);
    heavy.push(2);
    const order: string[] = [];
    const again = (of: FakeCamera, left: number): void => {
      if (left === 0) return;
      void later(segmenting(of.name, 1), { camera: of as unknown as Camera, requested: false }).then(() => {
        order.push(of.name);
        again(of, left - 1);
      });
    };
    again(camera, 12);
    again(camera, 12);
    again(heavy, 12);
    again(heavy, 12);
    for (let i = 0; i < 12; i += 1) {
      await settled();
      clock.now += 100;
      await segmenter.answer();
    }
    expect(order.slice(0, 12).filter((name) => name === 'heavy').length).toBeGreaterThanOrEqual(8);
    expect(order.slice(0, 12)).toContain('front');
  });

  it('is one job at a time: requested ones first, others in the order of their arrival', async () => {
    const { camera, segmenter, later, settled, scheduler } = background();
    camera.push(1);
    const jobs = [
      later(segmenting('running', 1), { requested: false }),
      later(segmenting('periodic', 1), { requested: false }),
      later(segmenting('first', 1)),
      later(segmenting('second', 1)),
    ];
    await settled();
    expect(scheduler.backgroundJobs).toBe(4);
    for (let i = 0; i < 4; i += 1) await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['running0'], ['first0'], ['second0'], ['periodic0']]);
    await Promise.all(jobs);
    await settled();
    expect(scheduler.backgroundJobs).toBe(0);
  });

  it('takes the newest frame when it begins, and holds the one that it names from the start', async () => {
    const { camera, segmenter, later, settled, out } = background();
    camera.push(1);
    later(segmenting('running', 1));
    await settled();
    const newest = later(segmenting('a', 1));
    const named = later(segmenting('b', 1), { frame: { timestamp: 0.5, toleranceMs: 5 } });
    await settled();
    camera.frames = [];
    camera.push(2);
    for (let i = 0; i < 3; i += 1) await segmenter.answer();
    expect((await newest).frame.id).toBe(2);
    expect(await named).toMatchObject({ frame: { id: 1 }, skewMs: 0.5 });
    await settled();
    expect(out()).toBe(0);
  });

  it('refuses more requested jobs than may wait, and none that is bounded by its sender', async () => {
    const { camera, segmenter, later, settled, out } = background({ backgroundLimit: 1 });
    camera.push(1);
    later(segmenting('running', 1));
    await settled();
    later(segmenting('waiting', 1), { frame: { seq: 1 } });
    await expect(later(segmenting('more', 1), { frame: { seq: 1 } })).rejects.toMatchObject({
      code: 'overloaded',
    });
    const periodic = later(segmenting('periodic', 1), { requested: false });
    for (let i = 0; i < 3; i += 1) await segmenter.answer();
    expect((await periodic).value).toEqual(['periodic0']);
    await settled();
    expect(out()).toBe(0);
  });

  it('refuses a frame that is not held, a job that has expired, and a camera without frames', async () => {
    const { camera, segmenter, later, settled, clock, out } = background();
    camera.push(1);
    await expect(later(segmenting('a', 1), { frame: { seq: 9 } })).rejects.toMatchObject({
      code: 'frame_evicted',
    });
    const running = later(segmenting('running', 1));
    await settled();
    const late = later(segmenting('late', 1), { frame: { seq: 1 }, beginByMs: clock.now + 10 });
    const empty = later(segmenting('empty', 1));
    await settled();
    clock.now += 20;
    camera.frames = [];
    await segmenter.answer();
    await running;
    await expect(late).rejects.toMatchObject({ code: 'expired' });
    await expect(empty).rejects.toMatchObject({ code: 'no_frame' });
    expect(out()).toBe(0);
  });

  it('waits for a camera that does not stream yet, until its deadline', async () => {
    const { camera, segmenter, later, settled } = background();
    camera.streaming = false;
    camera.state = { ...camera.state, state: 'connecting' };
    await expect(later(segmenting('a', 1), { maxAgeMs: 20 })).rejects.toMatchObject({ code: 'no_frame' });
    const job = later(segmenting('b', 1));
    await settled();
    camera.push(1);
    await settled();
    await segmenter.answer();
    expect((await job).value).toEqual(['b0']);
  });

  it('fails with the chunk that fails, asks for no further one, and lets the next job run', async () => {
    const { camera, segmenter, later, settled, out, lost } = background();
    camera.push(1);
    const job = later(segmenting('p', 6));
    const next = later(segmenting('q', 1));
    await settled();
    await segmenter.answer();
    await segmenter.answer(new SamwireError('model_failed', 'no'));
    await expect(job).rejects.toMatchObject({ code: 'model_failed' });
    await segmenter.answer();
    expect((await next).value).toEqual(['q0']);
    expect(segmenter.requests.map(idsOf)).toEqual([['p0', 'p1'], ['p2', 'p3'], ['q0']]);
    expect(lost).toEqual([]);
    await settled();
    expect(out()).toBe(0);
  });

  it('tells the service when a turn finds the device lost', async () => {
    const { camera, segmenter, later, settled, out, lost } = background();
    camera.push(1);
    const job = later(segmenting('p', 6));
    await settled();
    await segmenter.answer(new SamwireError('device_failed', 'gone'));
    await expect(job).rejects.toMatchObject({ code: 'device_failed' });
    expect(lost).toMatchObject([{ code: 'device_failed' }]);
    await settled();
    expect(out()).toBe(0);
  });

  it('makes an error of ours of whatever its work throws', async () => {
    const { camera, later, settled, out } = background();
    camera.push(1);
    const job = later(async () => {
      throw new TypeError('boom');
    });
    await expect(job).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('boom') });
    await settled();
    expect(out()).toBe(0);
  });

  it('keeps its frame until the segmenter is done with it, also when the work gives up before', async () => {
    const { camera, segmenter, later, settled, out } = background();
    camera.push(1);
    const job = later(async ({ frame, segment }) => {
      void segment({ frame, prompts: prompts('p', 4) }).catch(() => undefined);
      throw new SamwireError('model_failed', 'given up');
    });
    await expect(job).rejects.toMatchObject({ code: 'model_failed' });
    await settled();
    expect(out()).toBe(1);
    await segmenter.answer();
    expect(out()).toBe(0);
    expect(segmenter.requests).toHaveLength(1);
  });

  it('lets the answer’s frame be retained before it goes', async () => {
    const { camera, segmenter, later, settled } = background();
    camera.push(1);
    const retained: number[] = [];
    const job = later(segmenting('p', 1), { onAnswer: (frame) => retained.push(frame.id) });
    await settled();
    expect(retained).toEqual([]);
    await segmenter.answer();
    await job;
    expect(retained).toEqual([1]);
  });

  it('gets no further turn when its sender has gone, and does not begin where it waits', async () => {
    const { camera, segmenter, scheduler, later, settled, out } = background();
    camera.push(1);
    const [first, second] = [new AbortController(), new AbortController()];
    const retained: number[] = [];
    const onAnswer = (frame: { readonly id: number }): number => retained.push(frame.id);
    const running = later(segmenting('p', 6), { signal: first.signal, onAnswer });
    await settled();
    const waiting = later(segmenting('q', 1), { signal: second.signal, frame: { seq: 1 } });
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'expired' });
    first.abort();
    await expect(running).rejects.toMatchObject({ code: 'expired' });
    await segmenter.answer();
    expect(segmenter.requests).toHaveLength(1);
    expect(retained).toEqual([]);
    await settled();
    expect(out()).toBe(0);
    expect(scheduler.backgroundJobs).toBe(0);
    await expect(later(segmenting('r', 1), { signal: first.signal })).rejects.toMatchObject({
      code: 'expired',
    });
  });

  it('is refused at once when the scheduler is closed; the chunk in progress ends alone', async () => {
    const { camera, segmenter, scheduler, later, settled, out } = background();
    camera.push(1);
    let aborted = false;
    const retained: number[] = [];
    const running = later(
      async (work) => {
        work.signal.addEventListener('abort', () => {
          aborted = true;
        });
        return segmenting('p', 6)(work);
      },
      { onAnswer: (frame) => retained.push(frame.id) },
    );
    await settled();
    const waiting = later(segmenting('q', 1), { frame: { seq: 1 } });
    scheduler.close({ graceMs: 1000 });
    await expect(running).rejects.toMatchObject({ code: 'overloaded' });
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded' });
    await expect(later(segmenting('r', 1))).rejects.toMatchObject({ code: 'overloaded' });
    expect(aborted).toBe(true);
    await settled();
    expect(out()).toBe(1);
    await segmenter.answer();
    expect(segmenter.requests).toHaveLength(1);
    expect(retained).toEqual([]);
    expect(out()).toBe(0);
  });
});
