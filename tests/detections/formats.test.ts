/** What bites in each format; their plain examples are those of docs/detections.md (tests/docs/detections.test.ts). */
import { describe, expect, it } from 'vitest';
import { boxes, read, refused } from './reading.js';

describe('deepstream-minimal', () => {
  const objects = (...texts: string[]) => read({ objects: texts, '@timestamp': '2026-01-01T00:00:00.250Z' });

  it('has the confidence last, where there is one', () => {
    const { detections } = objects(
      '1|2|3|4|5|car|#|sedan|-0.1',
      '2|2|3|4|5|car|#|sedan|0.25',
      '3|2|3|4|5|car|#|CA 444',
      '4|2|3|4|5|car|#|7|5551234',
      '5|2|3|4|5|car',
      '6|2.5|3e1|40|50',
    );
    const none = undefined;
    expect(detections.map(({ confidence }) => confidence)).toEqual([none, 0.25, none, none, none, none]);
    expect(detections[5]).toEqual({ id: '6', named: true, box: [2.5, 30, 40, 50] });
  });

  it('has bad texts refused by themselves', () => {
    const { detections, refused: not } = objects('1|2|3', '2|a|3|4|5|car', '3|2|3|4|5|car', '|||||');
    expect(detections.map(({ id }) => id)).toEqual(['3']);
    expect(not.map(({ fault }) => fault.path)).toEqual(['objects[0]', 'objects[1].left', 'objects[3].left']);
  });

  it('has its time by ISO 8601, and refuses another', () => {
    expect(objects('1|2|3|4|5|car').frame).toEqual({ timestamp: Date.parse('2026-01-01T00:00:00.250Z') });
    expect(refused({ objects: ['1|2|3|4|5|car'], '@timestamp': 'noon' })).toMatchObject({
      code: 'invalid_message',
      details: [{ path: '["@timestamp"]', expected: 'a time by ISO 8601', got: '"noon"' }],
    });
  });
});

describe('deepstream-full', () => {
  const bbox = { topleftx: 1, toplefty: 2, bottomrightx: 3, bottomrighty: 4 };

  it('has ids as text or number, and none for what is untracked', () => {
    const first = (id: unknown) => read({ object: { id, bbox } }).detections[0];
    expect(first('18446744073709551615')).toEqual({ id: '0', named: false, box: [1, 2, 3, 4] });
    expect(first(7)).toMatchObject({ id: '7', named: true });
    const text = JSON.stringify({ object: { id: 'N', bbox } }).replace('"N"', '18446744073709551615');
    expect(read(text).detections[0]).toMatchObject({ named: false });
  });

  it('has its class by the key beside the box', () => {
    const first = (object: object) => read({ object: { bbox, ...object } }).detections[0];
    expect(first({ person: { age: 5 }, location: { lat: 1 } })?.label).toBe('person');
    expect(first({ location: { lat: 1 } })).not.toHaveProperty('label');
  });
});

describe('vision-msgs', () => {
  const size = { size_x: 20, size_y: 10 };
  const bbox = { center: { x: 50, y: 40 }, ...size };

  it('has its centre in both layouts, and the upright box around a turned one', () => {
    const old = { bbox: { center: { x: 50, y: 40, theta: 0 }, ...size } };
    const turned = { bbox: { center: { position: { x: 50, y: 40 }, theta: Math.PI / 2 }, ...size } };
    const [first, second] = boxes({ detections: [old, turned] });
    expect(first).toEqual([40, 35, 60, 45]);
    for (const [i, value] of [45, 30, 55, 50].entries()) expect(second?.[i]).toBeCloseTo(value, 9);
  });

  it('has class and score in both layouts, the best of several', () => {
    const results = [
      { id: 'a', score: 0.2 },
      { id: 'b', score: 0.6 },
    ];
    const { detections } = read({
      detections: [
        { bbox, results },
        { bbox, results: [{ hypothesis: { class_id: 'c', score: 0.9 } }], id: '' },
        { bbox, results: [], tracking_id: 'x' },
      ],
    });
    expect(detections).toMatchObject([
      { label: 'b', confidence: 0.6, named: false },
      { label: 'c', confidence: 0.9, named: false },
      { id: 'x', named: true },
    ]);
  });

  it('may be one detection; a stamp of zero is none; ROS 1 names its parts otherwise', () => {
    const time = (value: object) => read(value).frame;
    expect(time({ header: { stamp: { sec: 2, nanosec: 5e6 } }, bbox })).toEqual({ timestamp: 2005 });
    expect(time({ header: { stamp: { secs: 2, nsecs: 0 } }, detections: [{ bbox }] })).toEqual({
      timestamp: 2000,
    });
    expect(time({ detections: [{ bbox, header: { stamp: { sec: 3, nanosec: 0 } } }] })).toEqual({
      timestamp: 3000,
    });
    expect(time({ header: { stamp: { sec: 0, nanosec: 0 } }, detections: [{ bbox }] })).toBeUndefined();
    expect(refused({ header: { stamp: { sec: 'x' } }, detections: [{ bbox }] }).code).toBe('invalid_message');
  });
});

describe('frigate', () => {
  const after = { id: 'e', camera: 'gate', frame_time: 5.25, label: 'cat', score: 0.5, box: [1, 2, 3, 4] };

  it('says what is after the change, and when an object is gone', () => {
    const before = { ...after, box: [9, 9, 10, 10] };
    expect(read({ type: 'update', before, after })).toMatchObject({
      source: 'gate',
      frame: { timestamp: 5250 },
      detections: [{ id: 'e', box: [1, 2, 3, 4] }],
    });
    expect(read({ type: 'end', before, after }).ended).toBe(true);
    expect(read({ type: 'end', before, after: null }).ended).toBe(true);
  });

  it('without a box has it refused', () => {
    expect(read({ type: 'new', after: { camera: 'gate' } })).toMatchObject({
      detections: [],
      refused: [{ fault: { path: 'detections[0].box' } }],
    });
  });
});

describe('roboflow', () => {
  it('is read as a workflow wraps it, with the size of its picture where that is known', () => {
    const predictions = [{ x: 50, y: 40, width: 20, height: 10, class: 'a', tracker_id: 3 }];
    const image = { width: 64, height: '48' };
    const expected = {
      detections: [{ id: '3', label: 'a', box: [40, 35, 60, 45] }],
      frameSize: { width: 64, height: 48 },
    };
    expect(read({ predictions, image })).toMatchObject(expected);
    expect(read([{ predictions: { predictions, image }, other: 1 }])).toMatchObject(expected);
    expect(read({ predictions, image: { width: null, height: null } })).not.toHaveProperty('frameSize');
    const [numbered] = [{ ...predictions[0], class: undefined, class_id: 4 }];
    expect(read({ predictions: [numbered] }).detections[0]?.label).toBe('4');
  });
});

describe('dlstreamer', () => {
  it('names no frame by its time since the start of the stream', () => {
    const bounding_box = { x_min: 0.1, y_min: 0.2, x_max: 0.3, y_max: 0.4 };
    const value = read({
      objects: [{ detection: { bounding_box, label_id: 7 } }],
      timestamp: 1_795_894_205_000,
    });
    expect(value).not.toHaveProperty('frame');
    expect(value).toMatchObject({
      normalized: true,
      detections: [{ label: '7', box: [0.1, 0.2, 0.3, 0.4] }],
    });
  });
});

describe('ultralytics', () => {
  const item = (box: object) => ({ box, class: 3, confidence: 0.5 });
  const unit = item({ x1: 0, y1: 0.1, x2: 1, y2: 0.5 });
  const pixels = item({ x1: 1, y1: 2, x2: 3, y2: 4 });

  it('may be normalized, oriented, tracks, or the answer of its HUB', () => {
    expect(read([unit]).normalized).toBe(true);
    expect(read([unit, pixels]).normalized).toBe(false);
    const corners = { x1: 5, y1: 0, x2: 10, y2: 5, x3: 5, y3: 10, x4: 0, y4: 5 };
    expect(boxes([item(corners)])).toEqual([[0, 0, 10, 10]]);
    expect(read({ images: [{ results: [pixels], shape: [480, 640] }] })).toMatchObject({
      format: 'ultralytics',
      frameSize: { width: 640, height: 480 },
      detections: [{ label: '3' }],
    });
    expect(read({ tracks: [{ ...pixels, track_id: 9 }] }).detections[0]?.id).toBe('9');
  });
});

describe('samwire', () => {
  const detections = [{ box: [1, 2, 3, 4], confidence: 0.5 }];

  it('names its frame as a prompt does', () => {
    const frame = { timestamp: 5, toleranceMs: 7 };
    expect(read({ detections, frame }).frame).toEqual(frame);
    expect(read({ detections, normalized: true, requestId: 'r', frameSize: [4, 3] })).toMatchObject({
      normalized: true,
      requestId: 'r',
      frameSize: { width: 4, height: 3 },
      detections: [{ confidence: 0.5 }],
    });
  });

  it('with another frame, id or size is refused', () => {
    for (const wrong of [{ frame: 5 }, { requestId: 'a b' }, { frameSize: [0, 1] }, { normalized: 1 }])
      expect(refused({ detections, ...wrong }).code).toBe('invalid_message');
  });
});
