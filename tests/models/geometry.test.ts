import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imagePlacement, imageSpec, maskSpec, promptPlacement } from '../../src/models/geometry.js';
import type { Manifest } from '../../src/models/manifest.js';
import { loadAddon } from '../../src/native/addon.js';
import { GRAPH_NAMES, manifest } from './graphs.js';

function withImage(change: Partial<Manifest['image']>): Manifest {
  const base = manifest('sam');
  return { ...base, image: { ...base.image, ...change } };
}

const side = fc.integer({ min: 1, max: 5000 });
const image = fc.record({
  fit: fc.constantFrom('letterbox', 'letterbox-centred', 'stretch', 'native'),
  rounding: fc.constantFrom('floor', 'round', 'half-even'),
  size: fc.tuple(fc.integer({ min: 16, max: 1280 }), fc.integer({ min: 16, max: 1280 })),
});

describe('where a frame lies in the encoder input', () => {
  it('is the same here and in the addon, for every size and fit', () => {
    const addon = loadAddon();
    fc.assert(
      fc.property(side, side, image, (width, height, drawn) => {
        const model = withImage(drawn);
        const ours = imagePlacement(model, { width, height });
        expect(ours).toEqual(addon.place(imageSpec(model), width, height));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['round', 1024, 660],
    ['floor', 1024, 659],
  ] as const)('has a side that is rounded by %s', (rounding, width, height) => {
    const placed = imagePlacement(withImage({ rounding }), { width: 1180, height: 760 });
    expect([placed.width, placed.height]).toEqual([width, height]);
  });

  it.each([
    ['round', 1365, 683],
    ['half-even', 1365, 682],
    ['half-even', 1367, 684],
    ['half-even', 1366, 683],
  ] as const)('has a half that is rounded by %s: %i rows become %i', (rounding, height, rows) => {
    const frame = { width: 2048, height };
    expect(imagePlacement(withImage({ rounding }), frame).height).toBe(rows);
  });

  it('is at least a pixel high', () => {
    expect(imagePlacement(withImage({ rounding: 'floor' }), { width: 5000, height: 1 }).height).toBe(1);
  });
});

describe("the prompts' frame", () => {
  it('has its own size where the encoder sees a smaller picture', () => {
    const model = manifest('efficientvit-sam');
    const frame = { width: 1180, height: 760 };
    expect(imagePlacement(model, frame)).toMatchObject({ width: 512, height: 330, tensorWidth: 512 });
    expect(promptPlacement(model, frame)).toMatchObject({ width: 1024, height: 660, tensorWidth: 1024 });
  });

  it.each(GRAPH_NAMES)('is where the masks of %s are cropped', (name) => {
    const model = manifest(name);
    const frame = { width: 1920, height: 1080 };
    const spec = maskSpec(model, { grid: { width: 256, height: 256 } }, frame);
    expect(spec.placement).toEqual(promptPlacement(model, frame));
    expect(spec).toMatchObject({
      frameWidth: 1920,
      frameHeight: 1080,
      gridWidth: 256,
      viaInput: model.mask.resize === 'via-input',
      inclusive: model.mask.thresholdInclusive,
    });
  });

  it('is the whole source picture for a network that resizes by itself', () => {
    const frame = { width: 1920, height: 1080 };
    expect(promptPlacement(manifest('efficientsam'), frame)).toEqual({
      x: 0,
      y: 0,
      width: 1920,
      height: 1080,
      tensorWidth: 1920,
      tensorHeight: 1080,
    });
  });
});

describe("an image block in the addon's terms", () => {
  it('pads with zeros after normalising, or with a level before', () => {
    expect(imageSpec(withImage({ pad: 'after-normalise' })).padLevel).toBeNull();
    expect(imageSpec(withImage({ pad: 114 })).padLevel).toBe(114);
  });
});
