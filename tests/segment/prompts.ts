import type { SemanticModel } from '../graphs/semantics.js';
import { encodeRle, type Rle } from './coco-rle.js';
import { TAKES_MASKS, type TestPrompt } from './expected.js';
import type { Picture } from './picture.js';

/** A box, points with background, both, and where the family takes one a mask; all over the picture. */
export function testPrompts({ family }: SemanticModel, picture: Picture): TestPrompt[] {
  const { width, height } = picture;
  const at = (x: number, y: number, label: 0 | 1 = 1) => ({ x: x * width, y: y * height, label });
  const box = [0.1 * width, 0.14 * height, 0.65 * width, 0.83 * height] as const;
  const points = [at(0.37, 0.44), at(0.8, 0.31, 0), at(0.52, 0.61)];
  const prompts: TestPrompt[] = [
    { id: 'box', box },
    { id: 'points', points },
    { id: 'point', points: points.slice(0, 1) },
    { id: 'both', box, points: points.slice(0, 2) },
    { id: 'bar', box: [0.66 * width, 0.1 * height, 0.97 * width, 0.9 * height] },
    { id: 'corner', box: [0, 0, 0.3 * width, 0.3 * height] },
  ];
  if (!TAKES_MASKS.includes(family)) return prompts;
  return [...prompts, { id: 'mask', box, mask: leftPart(picture) }, { id: 'alone', mask: leftPart(picture) }];
}

/** What lies left of a slanted line. */
export function leftPart({ width, height }: Picture): Rle {
  const mask = Uint8Array.from({ length: width * height }, (_, i) =>
    Number((i % width) + 0.3 * Math.floor(i / width) < 0.6 * width),
  );
  return encodeRle(mask, width, height);
}
