import { describe, expect, it } from 'vitest';
import { readDetections } from '../../../src/detections/read.js';
import type { Detections } from '../../../src/detections/types.js';
import type { Camera } from '../../../src/frames/camera.js';
import type { NativeAddon } from '../../../src/native/types.js';
import { masksMessageSchema } from '../../../src/outputs/masks-schema.js';
import {
  chooseDetections,
  type DetectedOnFrame,
  type DetectionRules,
  type DetectionsListener,
  promptsOn,
} from '../../../src/pipeline/detections/answer.js';
import { DetectionService } from '../../../src/pipeline/detections/service.js';
import { setup } from '../doubles.js';

const RULES: DetectionRules = {
  minScore: 0.4,
  classes: [],
  max: 32,
  toleranceMs: 5,
  time: 'payload',
  clockOffsetMs: 0,
  track: true,
};
const read = (value: unknown): Detections =>
  readDetections(JSON.stringify(value), { format: 'auto', maxBytes: 1e6 });
const detection = (label: string, score?: number) => ({ label, score, box: [1, 1, 9, 9] });

describe('which detections are segmented', () => {
  const choose = (list: unknown[], rules: Partial<DetectionRules> = {}) => {
    const { chosen, leftOut } = chooseDetections(read(list), { ...RULES, ...rules });
    return { labels: chosen.map(({ label }) => label), leftOut };
  };

  it('are those of a good score, the best first, and those without a score', () => {
    const list = [
      detection('a', 0.5),
      detection('b', 0.39),
      detection('c'),
      detection('d', 0.9),
      detection('e', 0.4),
    ];
    expect(choose(list)).toEqual({
      labels: ['c', 'd', 'a', 'e'],
      leftOut: { belowScore: 1, otherClass: 0, overMax: 0 },
    });
  });

  it('are those of the wanted classes, the best so many', () => {
    const list = [
      detection('cup', 0.5),
      detection('cat', 0.9),
      { box: [1, 1, 9, 9] },
      detection('cup', 0.7),
      detection('cup', 0.6),
    ];
    expect(choose(list, { classes: ['cup'], max: 2 })).toEqual({
      labels: ['cup', 'cup'],
      leftOut: { belowScore: 0, otherClass: 2, overMax: 1 },
    });
  });

  it('are told of sixteen that are broken at most', () => {
    const { refused } = chooseDetections(
      read([...Array(20).fill({ box: 'x' }), { box: [1, 1, 9, 9] }]),
      RULES,
    );
    expect(refused).toHaveLength(16);
  });
});

describe('a box on the frame', () => {
  const frame = { width: 640, height: 480 };
  const placed = (value: unknown, rules: Partial<DetectionRules> = {}) => {
    const message = read(value);
    const failed = new Map();
    const prompts = promptsOn(frame, {
      chosen: message.detections,
      message,
      rules: { ...RULES, ...rules },
      failed,
    });
    return { boxes: prompts.map(({ box }) => box), failed: [...failed.keys()] };
  };
  const box = [10, 10, 100, 50];

  it('is where the payload’s picture, the config’s or the camera’s says', () => {
    expect(placed({ detections: [{ box }] }).boxes).toEqual([box]);
    const half = { width: 320, height: 240 };
    expect(placed({ detections: [{ box }] }, { frameSize: half }).boxes).toEqual([[20, 20, 200, 100]]);
    expect(placed({ detections: [{ box }], frameSize: [1280, 480] }, { frameSize: half }).boxes).toEqual([
      [5, 10, 50, 50],
    ]);
    expect(
      placed({ detections: [{ box: [0.5, 0, 1, 0.25] }], normalized: true }, { frameSize: half }).boxes,
    ).toEqual([[320, 0, 640, 120]]);
  });

  it('is clipped, and refused by itself where it is empty, inverted or outside', () => {
    const list = [[-5, -5, 20, 700], [700, 0, 800, 10], [10, 10, 10, 20], [30, 10, 20, 20], box].map(
      (box) => ({ box }),
    );
    expect(placed(list)).toEqual({ boxes: [[0, 0, 20, 480], box], failed: ['1', '2', '3'] });
  });
});

describe('a detector’s message', () => {
  const rle = { size: [48, 64], counts: 'Q0' } as const;
  const mask = {
    index: 0,
    score: 0.9,
    stability: 0.9,
    area: 4,
    box: [1, 1, 3, 3],
    rle,
    lowres: { ...rle, scale: [1, 1] },
  } as const;

  function service(rules: Partial<DetectionRules> = {}, listener?: DetectionsListener) {
    const parts = setup();
    const { camera, segmenter, scheduler } = parts;
    const { handles } = camera;
    const release = (id: number): void => void handles.set(id, (handles.get(id) ?? 0) - 1);
    const addon = {
      retainFrame: (id: number) => handles.set(id, (handles.get(id) ?? 0) + 1) && true,
      releaseFrame: release,
      rleCentroid: () => [2, 2],
    } as unknown as NativeAddon;
    const detections = new DetectionService({
      addon,
      rules: new Map([['front', { ...RULES, ...rules }]]),
      maxPrompts: 8,
      maxAgeMs: 1000,
      encodings: [],
      polygonTolerancePx: 1,
      ...(listener && { listener }),
    });
    const take = async (value: unknown, context: { stream?: string; client?: string } = {}) => {
      const made = await detections.serve({
        camera: camera as unknown as Camera,
        message: read(value),
        context: { receivedAtMs: parts.clock.now, stream: 't', ...context },
        model: { scheduler, segmenter },
      });
      if (made) release(made.frame.id);
      return made && masksMessageSchema.parse(made.answer.message);
    };
    const answered = async () => {
      const count = segmenter.requests.at(-1)?.prompts.length ?? 0;
      await segmenter.answer(undefined, Array(count).fill({ candidates: [mask] }));
    };
    return { ...parts, take, answered, stats: () => detections.stats() };
  }

  it('is one run on the frame of its time, and its answer carries ids, labels and scores through', async () => {
    const { camera, take, answered, segmenter, settled, out } = service();
    for (const id of [1, 2, 3]) camera.push(id, 1000 + id * 100);
    const answer = take({
      frame: { timestamp: 1203 },
      detections: [
        { ...detection('cup', 0.5), id: 7 },
        { ...detection('cat', 0.8), id: 'x y' },
        { box: [99, 0, 100, 1] },
        { box: 1 },
      ],
    });
    await settled();
    expect(segmenter.requests).toHaveLength(1);
    expect(segmenter.requests[0]).toMatchObject({ frame: { id: 2 }, prompts: [{ id: 'x-y' }, { id: '7' }] });
    await answered();
    expect(await answer).toMatchObject({
      source: 'detections',
      camera: 'front',
      frame: { seq: 2, skewMs: -3 },
      masks: [
        { id: '2', error: { code: 'invalid_message' } },
        { id: 'x-y', label: 'cat', confidence: 0.8 },
        { id: '7', label: 'cup', confidence: 0.5 },
        { id: '3', error: { code: 'invalid_message' } },
      ],
    });
    expect(out()).toBe(0);
  });

  it('that names no frame is for the newest one at its arrival, also when the model is free later', async () => {
    const { camera, take, answered, segmenter, settled } = service();
    camera.push(1);
    const first = take([detection('a')], { stream: '1' });
    camera.push(2);
    const second = take([detection('b')], { stream: '2' });
    camera.push(3);
    await settled();
    await answered();
    await answered();
    expect([(await first)?.frame.seq, (await second)?.frame.seq]).toEqual([1, 2]);
    expect(segmenter.requests).toHaveLength(2);
  });

  it('waits as the newest of its stream alone, but for one that somebody waits for', async () => {
    const { camera, take, answered, settled, stats } = service();
    camera.push(1);
    const busy = take([detection('busy')]);
    await settled();
    const old = take([detection('old')]);
    const asked = take([detection('asked')], { client: 'reply' });
    const other = take([detection('other')], { stream: 'u' });
    const next = take([detection('new')]);
    await settled();
    await answered();
    await answered();
    expect(await old).toBeNull();
    for (const answer of [busy, asked, other, next])
      expect(await answer).toMatchObject({ masks: [{ area: 4 }] });
    expect(stats()).toMatchObject({ messages: 5, answers: 4, superseded: 1 });
  });

  it('about one object of a frame makes way for that object’s next, and joins the others of its frame', async () => {
    const { camera, take, answered, segmenter, settled } = service();
    camera.push(1);
    const bbox = { topleftx: 1, toplefty: 2, bottomrightx: 30, bottomrighty: 40 };
    const object = (id: string) => ({ object: { id, bbox, car: {} } });
    void take(object('busy'));
    await settled();
    const [a, b, untracked, also, a2] = ['a', 'b', '-1', '-1', 'a'].map((id) => take(object(id)));
    await settled();
    await answered();
    expect(segmenter.requests[1]?.prompts).toHaveLength(4);
    await answered();
    expect(await a).toBeNull();
    for (const answer of [b, untracked, also, a2]) expect((await answer)?.masks).toHaveLength(1);
  });

  it('keeps its ids apart where a track is called as a box that was refused', async () => {
    const { camera, take, answered, settled } = service({}, (_camera, { detections }) =>
      detections.map(() => ({ id: '17', track: { state: 'tracked', ageMs: 5 } })),
    );
    camera.push(1);
    const answer = take([
      { ...detection('cup', 0.9), id: '18' },
      { label: 'cup', score: 0.8, id: '17', box: [900, 900, 999, 999] },
    ]);
    await settled();
    await answered();
    expect(await answer).toMatchObject({
      masks: [
        { id: '17', label: 'cup', track: { ageMs: 5 } },
        { id: '17:0', error: { code: 'invalid_message' } },
      ],
    });
  });

  it('tells whoever follows objects, also of none, and its masks are called as that one says', async () => {
    const heard: DetectedOnFrame[] = [];
    const { camera, take, answered, settled } = service({ max: 2 }, (_camera, on) => {
      heard.push(on);
      return on.detections.map(({ id }) => ({ id: `t${id}`, track: { state: 'tracked', ageMs: 0 } }));
    });
    camera.push(1);
    const answer = take([{ ...detection('cup', 0.9), id: 'own' }, detection('cat', 0.8)]);
    await settled();
    await answered();
    expect(await answer).toMatchObject({
      masks: [
        { id: 'town', label: 'cup', confidence: 0.9, track: { state: 'tracked' } },
        { id: 't1', label: 'cat' },
      ],
    });
    const none = take([]);
    await settled();
    await answered();
    expect(await none).toMatchObject({ masks: [] });
    expect(heard.map(({ complete, detections }) => [complete, detections.length])).toEqual([
      [true, 2],
      [true, 0],
    ]);
    expect(heard[0]?.detections.map(({ detectorId }) => detectorId)).toEqual(['own', undefined]);
  });

  it('is never answered with another frame: its error says how far the clocks are apart', async () => {
    const { camera, take, out } = service({ clockOffsetMs: 100 });
    camera.push(1, 5000);
    const at = (timestamp: number) => take({ frame: { timestamp }, detections: [] });
    await expect(at(5900)).rejects.toMatchObject({
      code: 'frame_evicted',
      message: expect.stringMatching(
        /1000 ms after .* clock is ahead.* cameras\.front\.detections\.clockOffsetMs to -900\./,
      ),
    });
    await expect(at(3900)).rejects.toMatchObject({
      message: expect.stringMatching(/1000 ms before .*historyMs.* to 1100\./),
    });
    await expect(at(0)).rejects.toMatchObject({ code: 'frame_evicted' });
    await expect(take({ frame: { seq: 9 }, detections: [] })).rejects.toMatchObject({
      code: 'frame_evicted',
    });
    expect(out()).toBe(0);
  });

  it('has its time left alone where the config says so, but not the frame that it names in Samwire’s format', async () => {
    const { camera, take, answered, settled } = service({ time: 'latest' });
    camera.push(1, 5000);
    const header = { stamp: { sec: 1, nanosec: 0 } };
    const answer = take({ header, detections: [] });
    await settled();
    await answered();
    expect((await answer)?.frame).toMatchObject({ seq: 1, skewMs: 0 });
    await expect(take({ frame: { timestamp: 1000 }, detections: [] })).rejects.toMatchObject({
      code: 'frame_evicted',
    });
  });

  it('for a camera that does not stream is refused at once', async () => {
    const { camera, take } = service();
    camera.push(1);
    camera.streaming = false;
    await expect(take([detection('a')])).rejects.toMatchObject({ code: 'no_frame' });
  });
});
