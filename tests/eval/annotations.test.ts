import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SamwireError, UnavailableError } from '../../src/errors.js';
import { type EvalSet, readAnnotations } from '../../src/eval/annotations.js';
import { emptyDirectory } from '../cli/samwire.js';

const IMAGES = [
  { id: 7, file_name: 'a.jpg', width: 40, height: 30, licence: 3 },
  { id: 9, file_name: 'b/c.jpg', width: 20, height: 10 },
];
const CATEGORIES = [{ id: 3, name: 'cup', supercategory: 'thing' }];
const RLE = { size: [30, 40], counts: [600, 10, 590] };

async function read(file: unknown): Promise<EvalSet> {
  const path = join(await emptyDirectory(), 'annotations.json');
  await writeFile(path, typeof file === 'string' ? file : JSON.stringify(file));
  return readAnnotations(path);
}

const withAnnotation = (annotation: object): object => ({
  images: IMAGES,
  annotations: [{ id: 1, image_id: 7, category_id: 3, segmentation: RLE, ...annotation }],
  categories: CATEGORIES,
});

describe('a COCO annotation file', () => {
  it('gives each picture its annotations, with categories by name and boxes by corners', async () => {
    const { images, sha256 } = await read(
      withAnnotation({ bbox: [3, 4, 10, 20.5], point: [5, 6], area: 77.5, extra: true }),
    );
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(images).toEqual([
      {
        id: 7,
        fileName: 'a.jpg',
        width: 40,
        height: 30,
        annotations: [
          {
            id: 1,
            path: 'annotations[0]',
            category: 'cup',
            area: 77.5,
            box: [3, 4, 13, 24.5],
            point: [5, 6],
            segmentation: RLE,
          },
        ],
      },
    ]);
  });

  it('leaves out crowds and counts them, and pictures without annotations', async () => {
    const { images, crowds } = await read({
      images: IMAGES,
      annotations: [
        { id: 1, image_id: 7, iscrowd: 1, segmentation: RLE },
        { id: 2, image_id: 9, iscrowd: 0, segmentation: [[1, 1, 5, 1, 5, 5]] },
      ],
    });
    expect(crowds).toBe(1);
    expect(images.map(({ id }) => id)).toEqual([9]);
    expect(images[0]?.annotations[0]).toMatchObject({ category: 'none', area: undefined, box: undefined });
  });

  it('takes a box without a pixel for none', async () => {
    const { images } = await read(withAnnotation({ bbox: [3, 4, 0, 7] }));
    expect(images[0]?.annotations[0]?.box).toBeUndefined();
  });

  it.each<[string, object, RegExp]>([
    ['a box of negative width', { bbox: [1, 2, -1, 4] }, /annotations\[0\]\.bbox/],
    ['a box of three numbers', { bbox: [1, 2, 3] }, /\[x, y, width, height\] at annotations\[0\]\.bbox/],
    ['an unknown picture', { image_id: 8 }, /id of an image.*annotations\[0\]\.image_id, got 8/],
    ['no segmentation', { segmentation: undefined }, /RLE.*annotations\[0\]\.segmentation, got nothing/],
    ['a polygon of two points', { segmentation: [[1, 2, 3, 4]] }, /annotations\[0\]\.segmentation\[0\]/],
    ['runs below 0', { segmentation: { size: [30, 40], counts: [-1] } }, /segmentation\.counts/],
    ['an RLE without a size', { segmentation: { counts: 'x' } }, /annotations\[0\]\.segmentation\.size/],
  ])('is refused for %s, with its path', async (_, annotation, message) => {
    const refused = read(withAnnotation(annotation));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(SamwireError);
  });

  it('is refused when it is no COCO file, no JSON, or not there', async () => {
    await expect(read([])).rejects.toThrow(/annotations\.json: Expected a COCO annotation file/);
    await expect(read({ images: [] })).rejects.toThrow(/an array of annotations at annotations, got nothing/);
    await expect(read('{"images": [')).rejects.toThrow(/annotations\.json: Expected .* in JSON/);
    await expect(readAnnotations('/nowhere/a.json')).rejects.toThrow(UnavailableError);
    const twice = { images: [IMAGES[0], IMAGES[0]], annotations: [] };
    await expect(read(twice)).rejects.toThrow(/images\[1\]\.id, got 7/);
  });
});
