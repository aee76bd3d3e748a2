import { describe, expect, it } from 'vitest';
import {
  differences,
  type EngineIdentity,
  identitySchema,
  keyOf,
  planFile,
} from '../../src/build/identity.js';
import { IDENTITY } from './records.js';

/** Another value of each ingredient. */
const OTHER: { readonly [Name in keyof EngineIdentity]: EngineIdentity[Name] } = {
  format: 2 as 1,
  part: 'decoder',
  sourceSha256: 'd'.repeat(64),
  graphSha256: 'e'.repeat(64),
  fp32NodesSha256: 'f'.repeat(64),
  tensorrt: '10.7.0',
  gpu: 'NVIDIA Thor',
  computeCapability: '11.0',
  precision: 'fp32',
  shapes: [{ input: 'point_coords', min: [1, 1, 2], opt: [8, 2, 2], max: [32, 10, 2] }],
  dlaCore: 0,
  workspaceBytes: 2 ** 29,
  optimizationLevel: 4,
};

describe("an engine's key", () => {
  it.each(Object.keys(OTHER) as (keyof EngineIdentity)[])('is another with another %s', (name) => {
    const changed = { ...IDENTITY, [name]: OTHER[name] };
    expect(keyOf(changed)).not.toBe(keyOf(IDENTITY));
    expect(planFile(changed)).not.toBe(planFile(IDENTITY));
    expect(differences(IDENTITY, changed)).toEqual([name]);
  });

  it('is made of every ingredient', () => {
    expect(Object.keys(OTHER).sort()).toEqual(Object.keys(identitySchema.shape).sort());
  });

  it('does not depend on the order in which they stand', () => {
    const turned = Object.fromEntries(Object.entries(IDENTITY).reverse()) as EngineIdentity;
    expect(keyOf(turned)).toBe(keyOf(IDENTITY));
  });

  it("stands in the plan's name, with part and precision", () => {
    expect(planFile(IDENTITY)).toBe(`encoder-fp16-${keyOf(IDENTITY).slice(0, 12)}.plan`);
  });
});
