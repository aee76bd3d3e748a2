import { describe, expect, it } from 'vitest';
import { maskSpec } from '../../src/models/geometry.js';
import { loadAddon } from '../../src/native/addon.js';
import {
  FAMILIES,
  FIXTURES_PRESENT,
  manifestFor,
  type Pixels,
  readFixtures,
  readFloat16Npy,
  readMask,
} from './fixtures.js';

/** The stored logits were rounded to float16 after the masks were made. */
const DIFFERING_SHARE = 0.0005;

function shareDiffering(ours: Uint8Array, theirs: Pixels): number {
  expect(ours.length).toBe(theirs.data.length);
  let differing = 0;
  for (let index = 0; index < ours.length; index++) {
    if ((ours[index] !== 0) !== (theirs.data[index] !== 0)) differing++;
  }
  return differing / ours.length;
}

describe.skipIf(!FIXTURES_PRESENT)("masks from stored logits are the authors' masks", () => {
  it.each(FAMILIES)('for $folder, every candidate', async (family) => {
    const addon = loadAddon();
    const { images, cases } = readFixtures(family.folder);
    const manifest = manifestFor(family);
    let compared = 0;
    for (const { image, low_res_file, mask_files, mask_pixels } of cases) {
      const frame = images[image];
      if (low_res_file === undefined || mask_files === undefined || frame === undefined) continue;
      const { shape, data } = readFloat16Npy(family.folder, low_res_file);
      const [, height = 0, width = 0] = shape;
      const masks = addon.masksFromLogits(data, maskSpec(manifest, { grid: { width, height } }, frame));
      expect(masks.length).toBe(mask_files.length);
      for (const [index, file] of mask_files.entries()) {
        const counts = masks[index]?.counts ?? '';
        const ours = addon.rleToMask(counts, frame.width, frame.height);
        const theirs = await readMask(family.folder, file);
        const pixels = mask_pixels?.[index] ?? 0;
        expect(theirs.data.reduce((sum, value) => sum + (value === 0 ? 0 : 1), 0)).toBe(pixels);
        expect(shareDiffering(ours, theirs), file).toBeLessThanOrEqual(DIFFERING_SHARE);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });
});
