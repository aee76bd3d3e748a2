import { expect, it } from 'vitest';
import { embeddingsKept } from '../../src/segment/embeddings-kept.js';

const shaped = (...shapes: [number, number, number][]) => {
  const [embedding = [1, 1, 1] as const, ...features] = shapes;
  return { embedding, features: features.map((shape, i) => ({ name: String(i), shape })) };
};
const SAM = shaped([256, 64, 64]);
const SAM2 = shaped([256, 64, 64], [32, 256, 256], [64, 128, 128]);

it('keeps 8 embeddings, or 4 a camera, within 256 MiB', () => {
  const kept = (of: typeof SAM, ...cameras: number[]) => cameras.map((count) => embeddingsKept(of, count));
  expect(kept(SAM, 0, 1, 2, 3, 16, 64)).toEqual([8, 8, 8, 12, 64, 64]);
  expect(kept(shaped([128, 48, 64]), 16, 64)).toEqual([64, 128]);
  expect(kept(SAM2, 2, 4, 64)).toEqual([8, 16, 16]);
});
