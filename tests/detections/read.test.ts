import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DETECTION_FORMATS } from '../../src/config/detections.js';
import { SamwireError } from '../../src/errors.js';
import { read, refused } from './reading.js';

describe('a detector payload', () => {
  it('may have numbers as text', () => {
    const [detection] = read([{ box: ['1', '2', '30.5', '4e1'], score: '0.5' }]).detections;
    expect(detection).toMatchObject({ box: [1, 2, 30.5, 40], confidence: 0.5 });
  });

  it('has single boxes refused that are no boxes, and the rest is read', () => {
    const { detections, refused: not } = read([
      { box: [1, 2, 3] },
      { box: [1, null, 3, 4], id: 'a' },
      null,
      { box: [1, 2, 3, 4] },
      'text',
      { box: [1, 2, 3, 'x'] },
    ]);
    expect(detections).toEqual([{ id: '3', named: false, box: [1, 2, 3, 4] }]);
    expect(not.map(({ id, fault }) => [id, fault.path, fault.got])).toEqual([
      ['0', 'detections[0].box[3]', 'nothing'],
      ['1', 'detections[1].box[1]', 'null'],
      ['2', 'detections[2]', 'null'],
      ['4', 'detections[4]', '"text"'],
      ['5', 'detections[5].box[3]', '"x"'],
    ]);
  });

  it('has its faults named by its own keys', () => {
    const pathsOf = (payload: unknown): string[] => read(payload).refused.map(({ fault }) => fault.path);
    const bounding_box = { x_min: 0.1, y_min: 0.1, x_max: 0.2 };
    expect(pathsOf({ objects: [{ detection: { bounding_box } }] })).toEqual([
      'objects[0].detection.bounding_box.y_max',
    ]);
    expect(pathsOf({ predictions: [{ x: 1, y: 2, width: 3 }] })).toEqual(['predictions[0].height']);
  });

  it('may have NaN and Infinity as Python writes them: they refuse their box alone, and text is left as it is', () => {
    const { detections, refused: not } = read(
      '[{"box":[NaN,2,3,4]},{"box":[1,2,3,-Infinity]},{"box":[1,2,3,4],"label":"NaN \\" Infinity"},{"box":[1,2,1e999,4]}]',
    );
    expect(detections).toMatchObject([{ label: 'NaN " Infinity', box: [1, 2, 3, 4] }]);
    expect(not.map(({ id }) => id)).toEqual(['0', '1', '3']);
    expect(refused('[{"box":[NaN,2,3,4]}').code).toBe('invalid_json');
  });

  it('keeps ids unique and fit for a message, and takes nobody’s id for a place', () => {
    const ids = (list: unknown[]) =>
      read(list.map((id) => ({ id, box: [1, 2, 3, 4] }))).detections.map(({ id }) => id);
    expect(ids(['a', 'a', 'a', 'a:2'])).toEqual(['a', 'a:2', 'a:3', 'a:2:2']);
    expect(ids([1, undefined, '', null, '0'])).toEqual(['1', '1:2', '2', '3', '0']);
    expect(ids(['größe 1/2', '🙂', 'x'.repeat(99)])).toEqual(['gr-e-1-2', '1', 'x'.repeat(64)]);
    expect(ids([2 ** 64, -1, '-1', '18446744073709551615'])).toEqual(['0', '1', '2', '3']);
    const same = ids(Array.from({ length: 3 }, () => 'y'.repeat(64)));
    expect(new Set(same).size).toBe(3);
    expect(same.every((id) => id.length <= 64 && id.startsWith('y'.repeat(58)))).toBe(true);
  });

  it('has long labels cut, not through a character', () => {
    const label = `${'x'.repeat(255)}🙂🙂`;
    expect(read([{ box: [1, 2, 3, 4], label }]).detections[0]?.label).toBe('x'.repeat(255));
  });

  it('has a score within 0..1, or none', () => {
    const of = (score: unknown) => read([{ box: [1, 2, 3, 4], score }]);
    expect(of(-0.1).detections[0]).not.toHaveProperty('confidence');
    expect(of(null).detections[0]).not.toHaveProperty('confidence');
    expect(of(1.001).detections[0]?.confidence).toBe(1);
    expect(of(87).refused[0]?.fault).toEqual({
      path: 'detections[0].score',
      expected: 'a score from 0 to 1',
      got: '87',
    });
  });

  it('may be empty', () => {
    const kinds = [
      [],
      { detections: [] },
      { header: { stamp: { sec: 5, nanosec: 0 } }, detections: [] },
      { predictions: [], image: { width: 5, height: 5 } },
      { objects: [], resolution: { width: 5, height: 5 } },
      { objects: [], '@timestamp': '2026-01-01T00:00:00Z', sensorId: '0' },
      { annotations: [] },
    ].map((value) => read(value).format);
    expect(kinds).toEqual([
      'samwire',
      'samwire',
      'vision-msgs',
      'roboflow',
      'dlstreamer',
      'deepstream-minimal',
      'coco',
    ]);
    for (const format of ['deepstream-minimal', 'dlstreamer'] as const)
      expect(read({ objects: [] }, format)).toMatchObject({ format, detections: [] });
    for (const format of ['ultralytics', 'coco', 'vision-msgs'] as const)
      expect(read([], format)).toMatchObject({ format, detections: [] });
  });

  it('of another shape is refused, with what was expected and what came', () => {
    expect(refused({ masks: [], camera: 'front' })).toMatchObject({
      code: 'unsupported_detections',
      message: expect.stringContaining('an object with "masks", "camera"'),
    });
    expect(refused('5').code).toBe('unsupported_detections');
    expect(refused({ objects: [{}] }).message).toContain('an object with "objects"');
    expect(refused([{ box: [1, 2, 3, 4] }], 'coco').message).toContain('that looks like samwire');
  });

  it('of arrays within arrays is refused in a few words, however deep they are', () => {
    const { code, message } = refused('['.repeat(100_000) + ']'.repeat(100_000));
    expect(code).toBe('unsupported_detections');
    expect(message.length).toBeLessThan(500);
  });

  it('has arrays within arrays refused where a number belongs, however deep they are', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const results = `[{"id":"a","score":0.5},{"id":"b","score":${deep}}]`;
    for (const text of [
      `[{"box":{"x1":${deep},"y1":1,"x2":2,"y2":2}}]`,
      `[{"bbox":{"center":{"x":1,"y":1},"size_x":${deep},"size_y":1},"results":${results}}]`,
    ])
      expect(read(text)).toMatchObject({ detections: [], refused: [{ fault: { got: 'an array of 1' } }] });
    expect(
      read(`[{"bbox":{"center":{"x":1,"y":1},"size_x":1,"size_y":1},"results":${results}}]`).detections,
    ).toMatchObject([{ label: 'a', confidence: 0.5 }]);
  });

  it('has numbers mended outside of its texts only, also where a quote does not close', () => {
    const box = '"box":[NaN,2,3,4]';
    expect(read(`[{${box},"id":"a"},{"box":[1,2,3,4],"id":"\\"NaN\\\\","label":"-Infinity"}]`)).toMatchObject(
      {
        detections: [{ label: '-Infinity' }],
        refused: [{ id: '0' }],
      },
    );
    expect(refused(`[{${box},"id":"${'\\"'.repeat(1000)}`).code).toBe('invalid_json');
  });

  it('of four thousand boxes is read; beyond 4096 it is refused', () => {
    const many = (count: number) => Array.from({ length: count }, () => ({ box: [1, 2, 3, 4], id: 'same' }));
    expect(new Set(read(many(4_096)).detections.map(({ id }) => id)).size).toBe(4_096);
    expect(refused(many(4_097)).code).toBe('too_many_prompts');
  });
});

const KEYS =
  'object objects bbox box detections predictions after before type header stamp sec center size_x results hypothesis ' +
  'topleftx detection bounding_box category_id x1 x width frame seq id images @timestamp sensor __proto__';

describe('whatever a detector sends', () => {
  const leaf = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.constantFrom(null, true, '1|2|3|4|5|a', '1|2', 'end', [1, 2, 3, 4]),
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom(...KEYS.split(' ')), tie('value'), { maxKeys: 5 }),
    ),
  })).value;

  it('is read, or refused with a SamwireError', () => {
    const property = fc.property(json, fc.constantFrom(...DETECTION_FORMATS), (value, format) => {
      try {
        for (const { box, id } of read(JSON.stringify(value), format).detections) {
          expect(box.every(Number.isFinite)).toBe(true);
          expect(id).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
        }
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(SamwireError);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('may be no JSON at all', () => {
    const property = fc.property(fc.string(), (text) => {
      try {
        read(text);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(SamwireError);
      }
    });
    fc.assert(property);
  });
});
