import { describe, expect, it } from 'vitest';
import type { DecoderContract } from '../../src/models/contract.js';
import { decoderInputs, feedsMask } from '../../src/prompts/decoder-inputs.js';
import type { FramePrompt } from '../../src/prompts/types.js';
import { FAMILIES, FIXTURES_PRESENT, type FixtureCase, manifestFor, readFixtures } from './fixtures.js';

const TOLERANCE = 1e-3;

const DECODER: Pick<DecoderContract, 'inputs' | 'batch' | 'maskBatch' | 'points' | 'maxPoints'> = {
  inputs: { embeddings: 'e', coords: 'c', labels: 'l', maskInput: 'm' },
  batch: 'free',
  maskBatch: 1,
  points: 'free',
  maxPoints: 6,
};

function framePrompt({ id, prompt }: FixtureCase): FramePrompt {
  const points = (prompt.points ?? []).map(([x, y], index) => ({ x, y, label: prompt.labels?.[index] ?? 1 }));
  return {
    id,
    points,
    ...(prompt.box ? { box: prompt.box } : {}),
    ...(prompt.mask_from === undefined ? {} : { refine: prompt.mask_from }),
  };
}

function largestDifference(ours: ArrayLike<number>, theirs: readonly number[]): number {
  expect(ours.length).toBe(theirs.length);
  return Math.max(...theirs.map((value, index) => Math.abs(value - (ours[index] ?? Number.NaN))));
}

describe.skipIf(!FIXTURES_PRESENT)('decoder inputs are what the authors feed', () => {
  it.each(FAMILIES)('of $folder, for every case', (family) => {
    const { images, cases } = readFixtures(family.folder);
    const manifest = manifestFor(family);
    expect(cases.length).toBeGreaterThan(0);
    for (const [name, frame] of Object.entries(images)) {
      const members = cases.filter(({ image }) => image === name);
      const { groups, refused } = decoderInputs({
        prompts: members.map(framePrompt),
        frame,
        manifest,
        decoder: DECODER,
      });
      expect(refused).toEqual([]);
      const seen = new Set<number>();
      for (const { promptIndices, n, coords, labels } of groups) {
        promptIndices.forEach((index, row) => {
          const fixture = members[index];
          if (fixture === undefined) throw new Error(`no case ${index}`);
          const inputs = fixture.decoder_inputs;
          const theirCoords = inputs.point_coords ?? inputs.batched_point_coords;
          const theirLabels = inputs.point_labels ?? inputs.batched_point_labels;
          const ours = coords.subarray(row * n * 2, (row + 1) * n * 2);
          expect(largestDifference(ours, theirCoords?.data ?? []), fixture.id).toBeLessThanOrEqual(TOLERANCE);
          expect([...labels.subarray(row * n, (row + 1) * n)], fixture.id).toEqual(theirLabels?.data);
          const hasMask = inputs.has_mask_input;
          if (hasMask) expect([feedsMask(framePrompt(fixture)) ? 1 : 0], fixture.id).toEqual(hasMask.data);
          seen.add(index);
        });
      }
      expect(seen.size).toBe(members.length);
    }
  });
});
