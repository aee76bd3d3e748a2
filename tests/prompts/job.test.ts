import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { openJob, type RawJob } from '../../src/prompts/job.js';

const LIMITS = { maxBytes: 10_000, maxPrompts: 4, maxPoints: 8 };
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 9, 9]);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9]);
const BOX = { id: 'cup', box: [1, 2, 3, 4] };

const picture = (userProperties: RawJob['userProperties'], payload = JPEG): RawJob => ({
  payload,
  userProperties,
});
const json = (value: unknown, userProperties = {}): RawJob => ({
  payload: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
  userProperties,
});
const whole = { jobId: 'j1', image: JPEG.toString('base64'), prompts: [BOX] };

function codeOf(raw: RawJob): unknown {
  try {
    openJob(raw, LIMITS).parse();
  } catch (error) {
    return (error as { readonly code: unknown }).code;
  }
  return null;
}

describe('a job', () => {
  it.each([
    ['a JPEG with an array of prompts', picture({ jobId: 'j1', prompts: JSON.stringify([BOX]) }), JPEG],
    ['a PNG', picture({ jobId: 'j1', prompts: JSON.stringify([BOX]) }, PNG), PNG],
    [
      'a JPEG with a prompt message',
      picture({ jobId: 'j1', prompts: JSON.stringify({ prompts: [BOX] }) }),
      JPEG,
    ],
    ['a JPEG with one prompt', picture({ jobId: 'j1', prompts: JSON.stringify(BOX) }), JPEG],
    ['JSON', json(whole), JPEG],
    ['JSON behind white space', json(`\n ${JSON.stringify(whole)}`), JPEG],
    ['JSON with the id beside it', json({ ...whole, jobId: undefined }, { jobId: 'j1' }), JPEG],
  ])('is read from %s', (_, raw, image) => {
    const opened = openJob(raw, LIMITS);
    const { jobId, image: bytes, prompt } = opened.parse();
    expect([opened.jobId, jobId]).toEqual(['j1', 'j1']);
    expect(Buffer.from(bytes)).toEqual(image);
    expect(prompt.prompts).toEqual([{ id: 'cup', box: [1, 2, 3, 4], points: [] }]);
  });

  it('has the other keys of a prompt message', () => {
    const keys = { encodings: ['png'], normalized: true, multimask: true, maxAgeMs: 500 };
    const of = [
      json({ ...whole, ...keys }),
      picture({ jobId: 'j', prompts: JSON.stringify({ ...BOX, ...keys }) }),
    ];
    for (const raw of of) expect(openJob(raw, LIMITS).parse().prompt).toMatchObject(keys);
  });

  it.each<[string, string, RawJob]>([
    ['invalid_message', 'no id', picture({ prompts: '[]' })],
    ['invalid_message', 'an id that is none', json({ ...whole, jobId: 'a/b' })],
    ['invalid_message', 'two ids', picture({ jobId: ['a', 'b'], prompts: '[]' })],
    ['invalid_message', 'no prompts', picture({ jobId: 'j1' })],
    ['invalid_message', 'prompts that are a number', picture({ jobId: 'j1', prompts: '3' })],
    ['invalid_message', 'an empty array of prompts', picture({ jobId: 'j1', prompts: '[]' })],
    ['invalid_message', 'a frame', json({ ...whole, frame: { seq: 3 } })],
    ['invalid_message', 'no image', json({ ...whole, image: undefined })],
    ['invalid_message', 'an image of numbers', json({ ...whole, image: [1, 2] })],
    ['invalid_json', 'prompts that are no JSON', picture({ jobId: 'j1', prompts: '[{' })],
    ['invalid_json', 'JSON that breaks off', json('{"jobId":"j1","image"')],
    ['invalid_image', 'base64 of something else', json({ ...whole, image: 'AAAA' })],
    ['invalid_image', 'a payload of something else', json('GIF89a')],
    ['invalid_image', 'nothing', json('')],
    ['too_large', 'too many bytes', picture({ jobId: 'j1', prompts: '[]' }, Buffer.alloc(10_001, JPEG))],
    [
      'too_many_prompts',
      'more prompts than the model takes',
      json({ ...whole, prompts: Array(5).fill(BOX) }),
    ],
    ['unsupported_prompt', 'a track', json({ ...whole, track: true })],
  ])('is refused as %s for %s', (code, _, raw) => {
    expect(codeOf(raw)).toBe(code);
  });

  it('of whatever bytes and properties is read or refused', () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom('[{"box":[1,2,3,4]}]', 'j1', '{}', 'null', '"'),
    );
    const start = fc.constantFrom(
      Buffer.alloc(0),
      JPEG,
      PNG,
      Buffer.from('{"jobId":"j","image":'),
      Buffer.from(' {'),
    );
    const bytes = fc.tuple(
      start,
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((json) => Buffer.from(json)),
      ),
    );
    const properties = fc.dictionary(
      fc.constantFrom('jobId', 'prompts', '__proto__', 'x'),
      fc.oneof(text, fc.array(text)),
    );
    fc.assert(
      fc.property(bytes, properties, (parts, userProperties) => {
        const opened = openJob({ payload: Buffer.concat(parts), userProperties }, LIMITS);
        if (opened.jobId !== undefined) expect(opened.jobId).toMatch(/^[A-Za-z0-9._:-]{1,64}$/);
        try {
          expect(opened.parse().jobId).toBe(opened.jobId);
        } catch (error) {
          expect(error).toBeInstanceOf(SamwireError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('that is refused is named where it has a name', () => {
    const idOf = (raw: RawJob) => openJob(raw, LIMITS).jobId;
    expect(idOf(picture({ jobId: 'j1', prompts: '[{' }))).toBe('j1');
    expect(idOf(picture({ jobId: 'j1' }, Buffer.alloc(10_001, JPEG)))).toBe('j1');
    expect(idOf(json({ jobId: 'j1' }))).toBe('j1');
    expect(idOf(json('GIF', { jobId: 'j1' }))).toBe('j1');
    expect(idOf(json('{', { jobId: 'j1' }))).toBe('j1');
    expect(idOf(picture({ jobId: 'a b' }))).toBeUndefined();
    expect(idOf(json({}))).toBeUndefined();
  });
});
