import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SamwireError } from '../../src/errors.js';
import type { LowResMask, MaskItem, MasksMessage } from '../../src/masks/types.js';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { fitToPacket } from '../../src/outputs/packet-size.js';
import { maskItem, masksMessage } from './messages.js';

const grid: LowResMask = { size: [12, 16], counts: 'Pb02', scale: [4, 4] };
const full = maskItem('cup', {
  rle: { size: [48, 64], counts: 'x'.repeat(4000) },
  polygons: [{ outer: [1, 1, 11, 1, 11, 6], holes: [] }],
  png: 'iVBORw0KGgo=',
});

describe('fitToPacket', () => {
  it('leaves a message that fits as it is', () => {
    const message = masksMessage([full]);
    const { payload, message: sent } = fitToPacket(message, 100_000, new Map([['cup', grid]]));
    expect(sent).toBe(message);
    expect(JSON.parse(payload)).toEqual(message);
  });

  it('falls back to the low-res grid and says so', () => {
    const { payload, message } = fitToPacket(masksMessage([full]), 1000, new Map([['cup', grid]]));
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(1000);
    expect(message).toEqual({ ...masksMessage([maskItem('cup', { lowres: grid })]), degraded: 'lowres' });
    expect(JSON.parse(payload)).toEqual(message);
  });

  it('uses the low-res grid that the mask carries itself', () => {
    const own = { ...grid, counts: 'own' };
    const { message } = fitToPacket(masksMessage([{ ...full, lowres: own }]), 1000, new Map([['cup', grid]]));
    expect(message.masks).toEqual([maskItem('cup', { lowres: own })]);
  });

  it('falls back to no encoding where the grids are too large or absent', () => {
    const large = new Map([['cup', { ...grid, counts: 'y'.repeat(4000) }]]);
    for (const lowres of [large, new Map<string, LowResMask>()]) {
      const { message } = fitToPacket(masksMessage([full]), 1000, lowres);
      expect(message).toEqual({ ...masksMessage([maskItem('cup')]), degraded: 'none' });
    }
  });

  it('keeps prompts that failed among the masks', () => {
    const failed = { id: 'bad', error: { code: 'unsupported_prompt', message: 'No.' } } as const;
    const { message } = fitToPacket(masksMessage([full, failed]), 1000, new Map([['cup', grid]]));
    expect(message.masks[1]).toEqual(failed);
  });

  it('throws too_large, with both sizes, when not even the bare message fits', () => {
    const bytes = Buffer.byteLength(JSON.stringify({ ...masksMessage([maskItem('cup')]), degraded: 'none' }));
    expect(() => fitToPacket(masksMessage([full]), bytes - 1)).toThrowError(
      expect.objectContaining({
        code: 'too_large',
        message: expect.stringMatching(new RegExp(`${bytes} bytes.*${bytes - 1}`)),
      }),
    );
    expect(fitToPacket(masksMessage([full]), bytes).message.degraded).toBe('none');
  });

  it('does not send an encoding to a caller that asked for none', () => {
    const message = masksMessage(Array.from({ length: 20 }, (_, i) => maskItem(`m${i}`)));
    const lowres = new Map(message.masks.map(({ id }) => [id, grid]));
    expect(() => fitToPacket(message, 1000, lowres)).toThrow(SamwireError);
  });

  it('leaves out the smallest masks of everything, as few as it must, and counts them', () => {
    const areas = [500, 20, 300, 10, 400, 30];
    const found = areas.map((area, i) =>
      maskItem(String(i), { area, rle: { size: [48, 64], counts: 'x'.repeat(900) } }),
    );
    const { requestId: _, ...message } = { ...masksMessage(found), source: 'everything' as const };
    const bare = areas.map((area, i) => maskItem(String(i), { area }));
    const bytes = Buffer.byteLength(JSON.stringify({ ...message, masks: bare, degraded: 'none' }));
    expect(fitToPacket(message, bytes).message).toEqual({ ...message, masks: bare, degraded: 'none' });
    const { message: sent, payload } = fitToPacket(message, bytes - 100);
    expect(Buffer.byteLength(payload)).toBeLessThanOrEqual(bytes - 100);
    expect(sent).toEqual({
      ...message,
      masks: bare.filter(({ area }) => area >= 30),
      degraded: 'none',
      omitted: 2,
    });
    expect(masksMessageSchema.parse(sent)).toEqual(sent);
    expect(() => fitToPacket(message, 100)).toThrow(SamwireError);
  });

  it('leaves out no mask that somebody asked for', () => {
    const asked = masksMessage(Array.from({ length: 20 }, (_, i) => maskItem(`m${i}`)));
    expect(() => fitToPacket(asked, 1000)).toThrow(SamwireError);
    const { message } = fitToPacket({ ...asked, source: 'everything' }, 1000);
    expect(message.masks.length + (message.omitted ?? 0)).toBe(20);
  });

  it('counts bytes, not characters', () => {
    const message = masksMessage([maskItem('cup', { label: '杯'.repeat(200) })]);
    const characters = JSON.stringify(message).length;
    expect(() => fitToPacket(message, characters)).toThrow(SamwireError);
    expect(fitToPacket(message, Buffer.byteLength(JSON.stringify(message))).message).toBe(message);
  });

  const counts = fc.string({
    unit: fc.constantFrom('0', 'P', 'b', '`', '\\', 'o'),
    minLength: 1,
    maxLength: 300,
  });
  const items = fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^[a-z0-9]{1,8}$/),
      label: fc.string(),
      counts,
      grid: fc.option(counts),
    }),
    { maxLength: 12, selector: ({ id }) => id },
  );

  it('gives the largest form that fits, valid by the schema, with every id in its place', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 100, max: 6000 }), (drawn, maxBytes) => {
        const masks = drawn.map(
          ({ id, label, counts }): MaskItem => maskItem(id, { label, rle: { size: [48, 64], counts } }),
        );
        const lowres = new Map(
          drawn.flatMap(({ id, grid: g }) => (g === null ? [] : [[id, { ...grid, counts: g }] as const])),
        );
        const message = masksMessage(masks);
        const size = (m: MasksMessage): number => Buffer.byteLength(JSON.stringify(m));
        let sent: MasksMessage;
        try {
          const fitted = fitToPacket(message, maxBytes, lowres);
          sent = fitted.message;
          expect(Buffer.byteLength(fitted.payload)).toBeLessThanOrEqual(maxBytes);
          expect(JSON.parse(fitted.payload)).toEqual(sent);
        } catch (error) {
          expect(error).toMatchObject({ code: 'too_large' });
          const bare = masks.map(({ rle: _, ...rest }) => rest);
          if (masks.length > 0)
            expect(size({ ...message, masks: bare, degraded: 'none' })).toBeGreaterThan(maxBytes);
          expect(size(message)).toBeGreaterThan(maxBytes);
          return;
        }
        expect(masksMessageSchema.parse(sent)).toEqual(sent);
        expect(sent.masks.map(({ id }) => id)).toEqual(masks.map(({ id }) => id));
        expect(sent.degraded === undefined).toBe(size(message) <= maxBytes);
        if (sent.degraded === 'none' && lowres.size > 0) {
          const small = masks.map(({ rle: _, ...rest }) => {
            const g = lowres.get(rest.id);
            return g ? { ...rest, lowres: g } : rest;
          });
          expect(size({ ...message, masks: small, degraded: 'lowres' })).toBeGreaterThan(maxBytes);
        }
      }),
      { numRuns: 300 },
    );
  });
});
