import { describe, expect, it } from 'vitest';
import type { Camera } from '../../../src/frames/camera.js';
import { Superseded } from '../../../src/pipeline/schedule/superseded.js';
import type { Candidate } from '../../../src/segment/segmenter.js';
import { FakeCamera, idsOf, setup } from '../doubles.js';

const candidate = (score: number): Candidate => ({
  index: 0,
  score,
  stability: 1,
  area: 1,
  box: [0, 0, 1, 1],
  rle: { size: [48, 64], counts: '' },
  lowres: { size: [1, 1], counts: '', scale: [64, 48] },
});

describe('a request', () => {
  it('replaces the one that waits of the same camera, kind and key, which is told so', async () => {
    const { camera, segmenter, submit, settled, out } = setup();
    const other = new FakeCamera('back', camera.handles);
    camera.push(1);
    other.push(2);
    const running = submit('running');
    await settled();
    const newest = { kind: 'detections', supersedes: 'boxes' } as const;
    const older = submit('older', { ...newest, frame: { seq: 1 } });
    submit('of another kind', { ...newest, kind: 'track' });
    submit('of another key', { ...newest, supersedes: 'other boxes' });
    submit('of another camera', { ...newest, camera: other as unknown as Camera });
    submit('without a key', { kind: 'detections' });
    submit('newer', newest);
    await expect(older).rejects.toBeInstanceOf(Superseded);
    await expect(older).rejects.toMatchObject({ code: 'overloaded' });
    for (let i = 0; i < 4; i += 1) await segmenter.answer();
    const served = segmenter.requests.flatMap((request) => idsOf(request) ?? []);
    expect(served.toSorted()).toEqual(
      [
        'running',
        'of another kind',
        'of another key',
        'of another camera',
        'without a key',
        'newer',
      ].toSorted(),
    );
    await running;
    await settled();
    expect(out()).toBe(0);
  });

  it('may say for each prompt what it wants of it', async () => {
    const { camera, segmenter, submit, settled } = setup();
    camera.push(1);
    submit('a', {
      multimask: true,
      keepLogits: false,
      prompts: () => [
        { id: 'a', points: [] },
        { id: 'b', points: [], multimask: false, keepLogits: true, candidate: 2 },
      ],
      promptCount: 2,
    });
    await settled();
    expect(segmenter.requests[0]?.prompts).toMatchObject([
      { id: 'a', multimask: true, keepLogits: false },
      { id: 'b', multimask: false, keepLogits: true, candidate: 2 },
    ]);
  });

  it('that shares its run with others leaves out what it is not sure enough of, alone', async () => {
    const { camera, segmenter, submit, settled } = setup();
    camera.push(1);
    submit('running');
    await settled();
    const sure = submit('sure', { minScore: 0.5 });
    const any = submit('any');
    await segmenter.answer();
    const results = [0, 1].map(() => ({ candidates: [candidate(0.9), candidate(0.4)] }));
    await segmenter.answer(undefined, results);
    expect((await sure).results).toMatchObject([{ candidates: [{ score: 0.9 }] }]);
    expect((await any).results).toMatchObject([{ candidates: [{ score: 0.9 }, { score: 0.4 }] }]);
  });
});
