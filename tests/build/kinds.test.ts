import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Family } from '../graphs/semantics.js';
import { doublePackage, noDouble } from '../native/double-package.js';
import { place, recordOf, segmentBy } from './double.js';

const MAJORS = [8, 10, 11] as const;
type Major = (typeof MAJORS)[number];

const missing = noDouble(...MAJORS);
if (missing !== undefined) process.stderr.write(`Skipped: ${missing}\n`);

const roots = new Map<Major, string>();
beforeAll(() => {
  if (missing !== undefined) return;
  for (const major of MAJORS) roots.set(major, doublePackage({ keep: true, major }));
});
afterAll(() => {
  for (const root of roots.values()) rmSync(root, { recursive: true, force: true });
});

describe.skipIf(missing !== undefined)('engines of other kinds of decoders', { timeout: 120_000 }, () => {
  it.each<[Family, string, Major]>([
    ['efficientsam', 'the picture’s size in int64, which TensorRT 8 does not have', 8],
    ['efficientsam', 'the picture’s size in int64', 10],
    ['sam2', 'feature maps, a choice by stability and a clamp', 11],
  ])('pass the self-test and serve: %s, with %s, on TensorRT %i', async (family, _, major) => {
    const root = roots.get(major) ?? '';
    const where = await place({ family });
    // Builds, and compares boxes, points, both, all candidates and, where the model takes one, a refinement with the onnx backend.
    const { code, stderr, masks } = await segmentBy(root, where, where.model, 'tensorrt');
    expect(code, stderr).toBe(0);
    expect(masks()).toMatchObject({ backend: 'tensorrt', masks: [{ id: 'mug' }] });
    const trial = recordOf(where).trials.at(-1);
    expect(trial).toMatchObject({ encoder: 'fp32', decoder: 'fp32', passed: true });
    expect(Math.min(...(trial?.prompts ?? []).map(({ iou }) => iou))).toBeGreaterThan(0.999);
    expect(trial?.prompts.some(({ id }) => id.includes('again'))).toBe(family === 'sam2');
  });
});
