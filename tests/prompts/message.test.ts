import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SamwireError } from '../../src/errors.js';
import {
  DEFAULT_PROMPT_LIMITS,
  parsePromptMessage,
  promptMessageSchema,
  requestIdOf,
} from '../../src/prompts/message.js';

const limits = DEFAULT_PROMPT_LIMITS;

function parse(value: unknown) {
  return parsePromptMessage(JSON.stringify(value), limits);
}

function refused(payload: Uint8Array | string): SamwireError {
  try {
    parsePromptMessage(payload, limits);
  } catch (error) {
    if (error instanceof SamwireError) return error;
    throw error;
  }
  throw new Error('Expected the message to be refused');
}

function refusedValue(value: unknown): SamwireError {
  return refused(JSON.stringify(value));
}

describe('a prompt message', () => {
  it('is read as interface.md writes it', () => {
    const message = parse({
      requestId: 'r1',
      frame: 'latest',
      prompts: [
        { id: 'cup', box: [412, 180, 655, 502], label: 'cup' },
        {
          id: 'hand',
          points: [
            { x: 900, y: 410, label: 1 },
            { x: 930, y: 640, label: 0 },
          ],
        },
        { id: 'again', box: [10, 10, 90, 80], mask: { size: [1080, 1920], counts: 'abc' } },
        { id: 'more', points: [{ x: 500, y: 300, label: 1 }], refine: 'cup' },
      ],
      normalized: false,
      multimask: false,
      track: false,
      maxAgeMs: 500,
      encodings: ['rle'],
    });
    expect(message).toEqual({
      requestId: 'r1',
      frame: 'latest',
      prompts: [
        { id: 'cup', label: 'cup', points: [], box: [412, 180, 655, 502] },
        {
          id: 'hand',
          points: [
            { x: 900, y: 410, label: 1 },
            { x: 930, y: 640, label: 0 },
          ],
        },
        { id: 'again', points: [], box: [10, 10, 90, 80], mask: { size: [1080, 1920], counts: 'abc' } },
        { id: 'more', points: [{ x: 500, y: 300, label: 1 }], refine: 'cup' },
      ],
      normalized: false,
      multimask: false,
      track: false,
      maxAgeMs: 500,
      encodings: ['rle'],
    });
  });

  it('may hold its one prompt at the top level', () => {
    const message = parse({ id: 'cup', label: 'a cup', box: [1, 2, 3, 4], normalized: true });
    expect(message.prompts).toEqual([{ id: 'cup', label: 'a cup', points: [], box: [1, 2, 3, 4] }]);
    expect(message.normalized).toBe(true);
  });

  it('gives prompts without an id their index', () => {
    const message = parse({
      prompts: [{ box: [0, 0, 1, 1] }, { id: 'x', box: [0, 0, 1, 1] }, { points: [{ x: 1, y: 2 }] }],
    });
    expect(message.prompts.map(({ id }) => id)).toEqual(['0', 'x', '2']);
  });

  it('takes a point without a label as foreground', () => {
    expect(parse({ points: [{ x: 1, y: 2 }] }).prompts[0]?.points).toEqual([{ x: 1, y: 2, label: 1 }]);
  });

  it('names a frame by seq or by time', () => {
    const box = [0, 0, 1, 1];
    expect(parse({ box, frame: { seq: 12 } }).frame).toEqual({ seq: 12 });
    expect(parse({ box, frame: { timestamp: 1767139200000.5, toleranceMs: 5 } }).frame).toEqual({
      timestamp: 1767139200000.5,
      toleranceMs: 5,
    });
    expect(parse({ box, frame: { timestamp: 1 } }).frame).toEqual({ timestamp: 1, toleranceMs: 50 });
  });

  it('keeps an empty list of encodings, which asks for none', () => {
    expect(parse({ box: [0, 0, 1, 1], encodings: [] }).encodings).toEqual([]);
    expect(parse({ box: [0, 0, 1, 1] }).encodings).toBeUndefined();
    expect(parse({ box: [0, 0, 1, 1], encodings: ['rle', 'rle'] }).encodings).toEqual(['rle']);
  });

  it('ignores keys that it does not know, on every level', () => {
    const message = parse({ prompts: [{ box: [0, 0, 1, 1], colour: 'red' }], future: { deep: [1] } });
    expect(message.prompts).toEqual([{ id: '0', points: [], box: [0, 0, 1, 1] }]);
    expect(message).not.toHaveProperty('future');
  });

  it('is not harmed by prototype keys', () => {
    const text = '{"__proto__":{"normalized":true},"constructor":{"prototype":{"x":1}},"box":[0,0,1,1]}';
    const message = parsePromptMessage(text, limits);
    expect(message.normalized).toBe(false);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('may come as bytes, with a byte order mark', () => {
    const bytes = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('{"box":[0,0,1,1]}')]);
    expect(parsePromptMessage(bytes, limits).prompts).toHaveLength(1);
  });
});

describe('a prompt message that is refused', () => {
  it.each(['', '{', '{"box": [0,0,1,1]', 'NaN', '{"box":[NaN,0,1,1]}', 'hello'])('is no JSON: %s', (text) => {
    expect(refused(text).code).toBe('invalid_json');
  });

  it('is no UTF-8', () => {
    expect(refused(Buffer.from([0x7b, 0xff, 0x7d])).code).toBe('invalid_json');
  });

  it('is never quoted as a whole', () => {
    const secret = 'hunter2'.repeat(30);
    expect(refused(`{"a": ${secret}`).message).not.toContain('hunter2');
    const error = refusedValue({ box: [0, 0, 1, 1], requestId: secret });
    expect(JSON.stringify(error.toBody()).length).toBeLessThan(400);
  });

  it.each([[[]], [null], [3], ['text']])('is no object: %j', (value) => {
    const error = refusedValue(value);
    expect(error.code).toBe('invalid_message');
    expect(error.details[0]?.expected).toBe('a JSON object');
  });

  it('names all its faults at once, with path, expected and got', () => {
    const error = refusedValue({
      requestId: 7,
      frame: 'newest',
      prompts: [{ box: [0, '1', 2, 3] }, { points: [{ x: 1, y: true, label: 2 }] }],
      encodings: ['jpeg'],
    });
    expect(error.code).toBe('invalid_message');
    expect(error.details).toEqual([
      { path: 'requestId', expected: expect.stringContaining('an id of 1 to 64'), got: '7' },
      { path: 'frame', expected: expect.stringContaining('"latest"'), got: '"newest"' },
      { path: 'prompts[0].box[1]', expected: expect.stringContaining('a number'), got: '"1"' },
      { path: 'prompts[1].points[0].y', expected: expect.stringContaining('a number'), got: 'true' },
      { path: 'prompts[1].points[0].label', expected: expect.stringContaining('foreground'), got: '2' },
      { path: 'encodings[0]', expected: expect.stringContaining('rle'), got: '"jpeg"' },
    ]);
  });

  const box = [0, 0, 1, 1];
  it.each([
    { box, frame: { seq: -1 } },
    { box, frame: { seq: 1e18 } },
    { box, frame: { timestamp: -1 } },
    { box, frame: { timestamp: 1, toleranceMs: 1e300 } },
    { box, mask: { size: [1e18, 1], counts: 'a' } },
    { box, mask: { size: [0, 1], counts: '' } },
    { box, maxAgeMs: 1e300, label: 'x'.repeat(300), refine: '', encodings: ['', '', '', '', ''] },
    { box: [1e300, null, {}, []], points: [{ x: 1e300, label: -1 }], prompts: [] },
  ])('says what was expected in words of its own: %j', (value) => {
    for (const { expected } of refusedValue(value).details)
      expect(expected).not.toMatch(/^(too|invalid|expected|unrecognized)\b/i);
  });

  it('names a bounded number of faults', () => {
    const error = refusedValue({ prompts: Array.from({ length: 60 }, () => ({ box: 'x' })) });
    expect(error.details.length).toBeLessThanOrEqual(16);
    expect(error.message).toContain('and 59 more');
  });

  it.each([1e308, -1e308, 1.0000001e7])('has a coordinate beyond every frame: %d', (x) => {
    const error = refusedValue({ box: [x, 0, 10, 10] });
    expect(error.code).toBe('invalid_message');
    expect(error.details).toEqual([
      { path: 'box[0]', expected: expect.stringContaining('10000000'), got: String(x) },
    ]);
  });

  it('has a number that JSON can write and a double cannot hold', () => {
    expect(refused('{"points":[{"x":1e999,"y":0,"label":1}]}').details[0]?.path).toBe('points[0].x');
  });

  it('has 10,000 prompts', () => {
    const error = refusedValue({ prompts: Array.from({ length: 10_000 }, () => ({ box: [0, 0, 1, 1] })) });
    expect(error.code).toBe('too_many_prompts');
    expect(error.details).toEqual([{ path: 'prompts', expected: 'at most 64', got: '10000' }]);
  });

  it('has faults by the hundred thousand: the first ones are told, and a key in a path is cut', () => {
    const encodings = Array.from({ length: 4 }, () => 'x'.repeat(1000));
    const points = Array.from({ length: 64 }, () => ({}));
    const { details, message } = refusedValue({ encodings, points });
    expect(details).toHaveLength(16);
    expect(message.length).toBeLessThan(300);
  });

  it('has too many points in one prompt', () => {
    const points = Array.from({ length: 65 }, () => ({ x: 1, y: 1, label: 1 }));
    expect(refusedValue({ prompts: [{ points }] }).details).toEqual([
      { path: 'prompts[0].points', expected: 'at most 64 points', got: 'an array of 65' },
    ]);
  });

  it('is 20 MB, and is not even read', () => {
    const error = refused(Buffer.alloc(20 * 1024 * 1024, 0x20));
    expect(error.code).toBe('too_large');
    expect(error.message).toContain('20971520');
  });

  it('has no prompts', () => {
    expect(refusedValue({ prompts: [] }).details[0]).toMatchObject({ path: 'prompts' });
    expect(refusedValue({}).details[0]?.expected).toContain('a box, points or a mask');
    expect(refusedValue({ prompts: [{ id: 'a' }] }).details[0]?.path).toBe('prompts[0]');
    expect(refusedValue({ prompts: [{ points: [], refine: 'cup' }] }).code).toBe('invalid_message');
  });

  it('has both a list and a prompt at the top level', () => {
    expect(refusedValue({ prompts: [{ box: [0, 0, 1, 1] }], box: [0, 0, 1, 1] }).details[0]?.path).toBe(
      'box',
    );
  });

  it('uses an id twice, its own index included', () => {
    const box = [0, 0, 1, 1];
    expect(
      refusedValue({
        prompts: [
          { id: 'a', box },
          { id: 'a', box },
        ],
      }).details[0]?.path,
    ).toBe('prompts[1].id');
    expect(refusedValue({ prompts: [{ id: '1', box }, { box }] }).details[0]?.path).toBe('prompts[1].id');
  });

  it.each(['', 'a b', 'a/b', 'ü', 'x'.repeat(65), 'a\u0000'])('has an id that is none: %j', (id) => {
    expect(refusedValue({ id, box: [0, 0, 1, 1] }).details[0]?.path).toBe('id');
  });

  it('has a mask and a refine', () => {
    const mask = { size: [2, 2], counts: '4' };
    expect(refusedValue({ box: [0, 0, 1, 1], mask, refine: 'cup' }).details[0]?.path).toBe('refine');
  });
});

describe('any bytes whatsoever', () => {
  it('are either a message or a SamwireError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), (payload) => {
        try {
          parsePromptMessage(payload, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(SamwireError);
          expect(Buffer.byteLength(JSON.stringify((error as SamwireError).toBody()))).toBeLessThan(8192);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a request id', () => {
  it('is repeated in errors only when it is an id', () => {
    expect(requestIdOf({ requestId: 'r-1:2.3_4' })).toBe('r-1:2.3_4');
    expect(requestIdOf({ requestId: 'r 1' })).toBeUndefined();
    expect(requestIdOf({ requestId: 1 })).toBeUndefined();
    expect(requestIdOf({})).toBeUndefined();
  });
});

describe('the schema', () => {
  it('can be written as JSON Schema', () => {
    const schema = z.toJSONSchema(promptMessageSchema, { io: 'input' });
    expect(Object.keys(schema.properties ?? {})).toEqual(
      expect.arrayContaining(['requestId', 'frame', 'prompts', 'box', 'points', 'mask', 'encodings']),
    );
  });
});
