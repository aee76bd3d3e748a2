import { describe, expect, it, vi } from 'vitest';
import { SamwireError } from '../../../src/errors.js';
import type { Camera } from '../../../src/frames/camera.js';
import { FakeCamera, idsOf, setup } from '../doubles.js';

describe('the scheduler', () => {
  it('takes the newest frame at the moment the run begins, not when the request came', async () => {
    const { camera, segmenter, submit, settled, clock } = setup();
    camera.push(990);
    const first = submit('a');
    await settled();
    const second = submit('b');
    camera.push(1040);
    clock.now = 1100;
    await segmenter.answer();
    await segmenter.answer();
    expect((await first).frame.id).toBe(990);
    const answer = await second;
    expect(answer.frame.id).toBe(1040);
    expect(answer).toMatchObject({ ageMs: 0, queueMs: 60 });
    // The clock went on by 100 ms during its run, of which the segmenter's stages tell 10.
    expect(await first).toMatchObject({ ageMs: 10, queueMs: 90 });
  });

  it('decodes the waiting prompts of one camera in one run, up to the limit, and answers each sender', async () => {
    const { camera, segmenter, submit, settled } = setup({ maxPrompts: 3 });
    camera.push(1);
    const answers = ['a', 'b', 'c', 'd', 'e'].map((id) => submit(id));
    await settled();
    for (let i = 0; i < 3; i++) await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
    const messages = (await Promise.all(answers)).map((answer) => answer.results);
    expect(messages.map((results) => results.length)).toEqual([1, 1, 1, 1, 1]);
    expect(messages.flat()).toMatchObject(
      ['a', 'b', 'c', 'd', 'e'].map((id) => ({ error: { message: id } })),
    );
  });

  it('never joins prompts of another camera or of another frame', async () => {
    const { camera, segmenter, scheduler, submit, settled } = setup();
    const other = new FakeCamera('back', new Map());
    other.push(7);
    camera.push(1);
    camera.push(2);
    submit('running');
    await settled();
    submit('old frame', { frame: { seq: 1 } });
    submit('other camera', { camera: other as unknown as Camera });
    submit('same old frame', { frame: { timestamp: 1, toleranceMs: 0.5 } });
    submit('newest');
    for (let i = 0; i < 4; i++) await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([
      ['running'],
      ['old frame', 'same old frame'],
      ['other camera'],
      ['newest'],
    ]);
    expect(scheduler.length).toBe(0);
  });

  it('holds the frame that a request names while the request waits, and lets go of every frame at the end', async () => {
    const { camera, segmenter, submit, settled, out } = setup();
    camera.push(1);
    submit('a');
    await settled();
    const named = submit('b', { frame: { seq: 1 } });
    camera.frames = [];
    await segmenter.answer();
    await segmenter.answer();
    expect((await named).frame.id).toBe(1);
    await settled();
    expect(out()).toBe(0);
  });

  it('tells the skew between the capture time that was asked for and the frame that was found', async () => {
    const { camera, segmenter, submit, settled } = setup();
    camera.push(1, 2000);
    const answer = submit('a', { frame: { timestamp: 1990, toleranceMs: 20 } });
    await settled();
    await segmenter.answer();
    expect((await answer).skewMs).toBe(10);
  });

  it('refuses a frame that is not held any more instead of taking another', async () => {
    const { camera, submit } = setup();
    camera.push(5);
    await expect(submit('a', { frame: { seq: 4 } })).rejects.toMatchObject({ code: 'frame_evicted' });
    await expect(submit('a', { frame: { timestamp: 900, toleranceMs: 50 } })).rejects.toMatchObject({
      code: 'frame_evicted',
    });
  });

  it('drops the oldest request of a full queue and tells its sender', async () => {
    const { camera, segmenter, submit, settled, out } = setup({ queueLimit: 2 });
    camera.push(1);
    submit('running');
    await settled();
    const oldest = submit('oldest', { frame: { seq: 1 } });
    submit('b');
    submit('c');
    await expect(oldest).rejects.toMatchObject({ code: 'overloaded' });
    await segmenter.answer();
    await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['running'], ['b', 'c']]);
    await settled();
    expect(out()).toBe(0);
  });

  it('refuses a request that waited longer than its maxAgeMs', async () => {
    const { camera, segmenter, submit, settled, clock } = setup();
    camera.push(1);
    submit('running');
    await settled();
    const late = submit('late');
    const patient = submit('patient', { maxAgeMs: 10_000 });
    clock.now += 501;
    await segmenter.answer();
    await expect(late).rejects.toMatchObject({ code: 'expired' });
    await segmenter.answer();
    expect((await patient).queueMs).toBe(501);
  });

  it('does not wait for a camera on behalf of those who have gone', async () => {
    const { camera, scheduler, submit, settled } = setup();
    camera.streaming = false;
    const gone = new AbortController();
    const waits = vi.spyOn(camera, 'nextFrame');
    const asked = submit('gone', { signal: gone.signal, maxAgeMs: 600_000 });
    await settled();
    expect(scheduler.length).toBe(1);
    gone.abort();
    await expect(asked).rejects.toMatchObject({ code: 'expired' });
    expect(scheduler.length).toBe(0);
    expect(waits.mock.calls[0]?.[1]?.aborted).toBe(true);
    await expect(submit('late', { signal: gone.signal })).rejects.toMatchObject({ code: 'expired' });
  });

  it('does not run what nobody waits for any more, and lets go of its frame', async () => {
    const { camera, segmenter, scheduler, submit, settled, out } = setup();
    camera.push(1);
    const [gone, goes] = [new AbortController(), new AbortController()];
    const running = submit('running', { signal: goes.signal });
    await settled();
    const waiting = submit('waiting', { signal: gone.signal, frame: { seq: 1 } });
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'expired' });
    await expect(submit('late', { signal: gone.signal })).rejects.toMatchObject({ code: 'expired' });
    goes.abort();
    await segmenter.answer();
    expect((await running).frame.id).toBe(1);
    expect(segmenter.requests.map(idsOf)).toEqual([['running']]);
    expect(scheduler.stats()).toMatchObject({ refused: { withdrawn: 1 }, waiting: { prompt: 0 } });
    await settled();
    expect(out()).toBe(0);
  });

  it('waits for the next frame of a camera that does not stream yet, until the deadline', async () => {
    const { camera, segmenter, submit, settled } = setup();
    camera.streaming = false;
    camera.state = { ...camera.state, state: 'connecting' };
    await expect(submit('a', { maxAgeMs: 20 })).rejects.toMatchObject({ code: 'no_frame' });
    const answer = submit('b');
    await settled();
    camera.push(1);
    await settled();
    await segmenter.answer();
    expect((await answer).frame.id).toBe(1);
  });

  it('waits for no frame of a camera that is disabled', async () => {
    const { camera, submit, scheduler } = setup();
    camera.streaming = false;
    camera.state = { ...camera.state, state: 'disabled' };
    const answer = submit('a', { maxAgeMs: 3_600_000 });
    expect(scheduler.length).toBe(0);
    await expect(answer).rejects.toMatchObject({
      code: 'no_frame',
      message: expect.stringContaining('disabled'),
    });
  });

  it('gives every request of a failed run the error, and goes on', async () => {
    const { camera, segmenter, submit, settled, out } = setup();
    camera.push(1);
    const first = submit('a');
    await settled();
    const second = submit('b');
    await segmenter.answer(new SamwireError('model_failed', 'no'));
    await expect(first).rejects.toMatchObject({ code: 'model_failed' });
    await segmenter.answer();
    expect((await second).results).toHaveLength(1);
    await settled();
    expect(out()).toBe(0);
  });

  it('refuses what waits when it is closed', async () => {
    const { camera, scheduler, segmenter, submit, settled } = setup();
    camera.push(1);
    const running = submit('running');
    await settled();
    const waiting = submit('waiting');
    scheduler.close({ graceMs: 1000 });
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded' });
    await expect(submit('later')).rejects.toMatchObject({ code: 'overloaded' });
    await segmenter.answer();
    await expect(running).resolves.toBeDefined();
  });

  it('refuses the run in progress too when that takes longer than the grace, and lets go of its frames', async () => {
    const { camera, scheduler, segmenter, submit, settled, out } = setup();
    camera.push(1);
    const retained: number[] = [];
    const running = submit('running', { onAnswer: (frame) => retained.push(frame.id) });
    await settled();
    scheduler.close({ graceMs: 1 });
    await expect(running).rejects.toMatchObject({ code: 'overloaded' });
    await segmenter.answer();
    expect(retained).toEqual([]);
    expect(out()).toBe(0);
  });

  it('refuses who waits for a frame as soon as it is closed', async () => {
    const { camera, scheduler, submit, settled } = setup();
    camera.streaming = false;
    const waiting = submit('a', { maxAgeMs: 60_000 });
    await settled();
    scheduler.close({ graceMs: 1 });
    await expect(waiting).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('the scheduler with a segmenter that takes two runs at once', () => {
  it('hands over a second run before the first is answered, and no third', async () => {
    const { camera, segmenter, submit, settled, out } = setup({ runsAtOnce: 2 });
    camera.push(1);
    const answers = ['a', 'b', 'c', 'd'].map((id) => submit(id));
    await settled();
    expect(segmenter.requests.map(idsOf)).toEqual([['a'], ['b']]);
    await segmenter.answer();
    expect(segmenter.requests.map(idsOf)).toEqual([['a'], ['b'], ['c', 'd']]);
    await segmenter.answer();
    await segmenter.answer();
    expect((await Promise.all(answers)).map(({ results }) => results)).toMatchObject(
      ['a', 'b', 'c', 'd'].map((id) => [{ error: { message: id } }]),
    );
    await settled();
    expect(out()).toBe(0);
  });

  it('answers a request when its own run is done, whatever becomes of the other', async () => {
    const { camera, segmenter, submit, settled, out } = setup({ runsAtOnce: 2 });
    camera.push(1);
    const [first, second] = [submit('a'), submit('b')];
    await settled();
    await segmenter.answer(new SamwireError('model_failed', 'no'));
    await expect(first).rejects.toMatchObject({ code: 'model_failed' });
    await segmenter.answer();
    expect((await second).results).toMatchObject([{ error: { message: 'b' } }]);
    expect(out()).toBe(0);
  });

  it('takes for each run the frame that is the newest when it begins', async () => {
    const { camera, segmenter, submit, settled } = setup({ runsAtOnce: 2 });
    camera.push(1);
    const first = submit('a');
    await settled();
    camera.push(2);
    const second = submit('b');
    await settled();
    await segmenter.answer();
    await segmenter.answer();
    expect([(await first).frame.id, (await second).frame.id]).toEqual([1, 2]);
  });

  it('refuses both runs in progress when they take longer than the grace', async () => {
    const { camera, scheduler, segmenter, submit, settled, out } = setup({ runsAtOnce: 2 });
    camera.push(1);
    const [first, second] = [submit('a'), submit('b')];
    await settled();
    scheduler.close({ graceMs: 1 });
    await expect(first).rejects.toMatchObject({ code: 'overloaded' });
    await expect(second).rejects.toMatchObject({ code: 'overloaded' });
    await segmenter.answer();
    await segmenter.answer();
    expect(out()).toBe(0);
  });
});

describe('a device that is lost', () => {
  it('is told to the sender and to the service', async () => {
    const { camera, segmenter, submit, settled, lost, out } = setup();
    camera.push(1);
    const sender = submit('a');
    await settled();
    await segmenter.answer(new SamwireError('device_failed', 'gone'));
    await expect(sender).rejects.toMatchObject({ code: 'device_failed' });
    expect(lost).toMatchObject([{ code: 'device_failed', message: 'gone' }]);
    expect(out()).toBe(0);
  });

  it('is not what a model that fails is', async () => {
    const { camera, segmenter, submit, settled, lost } = setup();
    camera.push(1);
    submit('a');
    await settled();
    await segmenter.answer(new SamwireError('model_failed', 'no'));
    expect(lost).toEqual([]);
  });
});
