import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import { errorMessageSchema, masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { maskItem, masksMessage, TIMING } from './messages.js';

const rle = { size: [48, 64] as const, counts: 'Pb02' };
const good = masksMessage([
  maskItem('cup', { label: 'cup', rle, polygons: [{ outer: [0, 0, 4, 0, 4, 4], holes: [] }] }),
  maskItem('cup#1', { png: 'iVBORw0KGgo=', lowres: { size: [12, 16], counts: 'Pb02', scale: [4, 4] } }),
  maskItem('nothing', { area: 0, box: null }),
  { id: 'bad', error: { code: 'model_failed', message: 'The decoder gave no mask.' } },
]);

describe('masksMessageSchema', () => {
  it('accepts a message with every encoding, an empty mask and a failed prompt', () => {
    expect(masksMessageSchema.parse(good)).toEqual(good);
    expect(
      masksMessageSchema.parse({ ...good, camera: null, jobId: 'j1', node: 'n1', source: 'job' }),
    ).toBeTruthy();
  });

  it.each([
    ['an unknown key', { ...good, extra: 1 }],
    ['an unknown key in a mask', masksMessage([{ ...maskItem('a'), colour: 'red' } as never])],
    ['an id twice', masksMessage([maskItem('a'), maskItem('a')])],
    ['an id that MQTT topics could not carry', masksMessage([maskItem('a/b')])],
    ['a box in an empty mask', masksMessage([maskItem('a', { area: 0 })])],
    ['no box in a mask with an area', masksMessage([maskItem('a', { box: null })])],
    ['a box outside of the frame', masksMessage([maskItem('a', { box: [0, 0, 65, 48] })])],
    ['an inverted box', masksMessage([maskItem('a', { box: [9, 1, 2, 6] })])],
    ['a score that is not a number', masksMessage([maskItem('a', { score: Number.NaN })])],
    ['an RLE of another size', masksMessage([maskItem('a', { rle: { size: [64, 48], counts: 'Pb02' } })])],
    ['stages that do not sum up', { ...good, timing: { ...TIMING, encodeMs: 5 } }],
    ['an undefined optional', { ...good, requestId: undefined }],
    [
      'an error without a code of the list',
      masksMessage([{ id: 'a', error: { code: 'oops', message: 'x' } } as never]),
    ],
    ['a degraded message with its RLE', { ...masksMessage([maskItem('a', { rle })]), degraded: 'lowres' }],
  ])('refuses %s', (_, message) => {
    expect(masksMessageSchema.safeParse(message).success).toBe(false);
  });
});

describe('errorMessageSchema', () => {
  it('accepts what a SamwireError sends', () => {
    const error = new SamwireError('invalid_message', 'Expected a box.', {
      details: [{ path: 'prompts[0].box', expected: '[x1,y1,x2,y2]', got: 'null' }],
    });
    const message = { requestId: 'r1', camera: 'front', ...error.toBody() };
    expect(errorMessageSchema.parse(JSON.parse(JSON.stringify(message)))).toEqual(message);
    expect(errorMessageSchema.safeParse({ code: 'oops', message: 'x' }).success).toBe(false);
  });
});
