import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SamwireError, UnavailableError } from '../errors.js';
import { check, invalidMessage } from '../prompts/json.js';
import type { Box } from '../prompts/types.js';

const side = z.int('a whole number of pixels, 1 to 65535').min(1).max(65_535);
const coordinate = z.number('a number');
const id = z.int('a whole number');

const runLengths = z.strictObject(
  {
    size: z.tuple([side, side], '[height, width] in pixels'),
    counts: z.union(
      [
        z.string(),
        z.array(
          z
            .int()
            .min(0)
            .max(2 ** 31 - 1),
        ),
      ],
      {
        error: 'a compressed RLE (a text) or run lengths (an array of whole numbers)',
      },
    ),
  },
  'an RLE {"size", "counts"} or an array of polygons',
);
const polygons = z.array(
  z
    .array(coordinate, 'a polygon [x1, y1, x2, y2, …]')
    .refine((ring) => ring.length >= 6 && ring.length % 2 === 0, 'three points or more, as x1, y1, x2, y2, …')
    .refine((ring) => ring.every((value) => Math.abs(value) <= 1e6), 'coordinates within ±1e6'),
);
/** Compressed or uncompressed RLE, or polygons. */
export type Segmentation = z.infer<typeof runLengths> | z.infer<typeof polygons>;

const fileSchema = z.object(
  {
    images: z.array(
      z.object({
        id,
        file_name: z.string('a file name').min(1, 'a file name'),
        width: side,
        height: side,
      }),
      'an array of images',
    ),
    annotations: z.array(
      z.object({
        id,
        image_id: id,
        category_id: id.nullish(),
        iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()], { error: '0 or 1' }).default(0),
        area: z.number('a number of pixels').min(0, 'a number of pixels').optional(),
        bbox: z.tuple([coordinate, coordinate, coordinate, coordinate], '[x, y, width, height]').optional(),
        point: z.tuple([coordinate, coordinate], '[x, y]').optional(),
        segmentation: z.unknown().optional(),
      }),
      'an array of annotations',
    ),
    categories: z
      .array(z.object({ id, name: z.string('a name').min(1, 'a name') }), 'an array of categories')
      .default([]),
  },
  'a COCO annotation file: an object with images, annotations and categories',
);

/** One object of a picture that a model is asked for. */
export interface EvalAnnotation {
  readonly id: number;
  /** Its place in the file, for errors: `annotations[17]`. */
  readonly path: string;
  /** The category's name; its id where the file names none of that id; `none` without a category. */
  readonly category: string;
  /** COCO's `area`, in pixels; undefined where the file gives none. */
  readonly area: number | undefined;
  /** [x1, y1, x2, y2] in pixels, from `bbox`. */
  readonly box: Box | undefined;
  readonly point: readonly [x: number, y: number] | undefined;
  readonly segmentation: Segmentation;
}

export interface EvalImage {
  readonly id: number;
  readonly fileName: string;
  /** Pixels, as the file says. */
  readonly width: number;
  readonly height: number;
  /** One or more. */
  readonly annotations: readonly EvalAnnotation[];
}

/** A COCO annotation file. */
export interface EvalSet {
  /** Those that have annotations, in the file's order. */
  readonly images: readonly EvalImage[];
  /** Annotations that are left out because they are of crowds (`iscrowd`). */
  readonly crowds: number;
  /** Of the file. */
  readonly sha256: string;
}

/**
 * Reads a COCO annotation file (instances: images, annotations, categories). Keys that it does not need are ignored.
 * @throws UnavailableError where the file can't be read; SamwireError `invalid_json`, or `invalid_message` that names
 *   the faults by their paths.
 */
export async function readAnnotations(path: string): Promise<EvalSet> {
  const bytes = await readBytes(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  try {
    return { ...evalSet(parse(bytes)), sha256 };
  } catch (thrown) {
    if (!(thrown instanceof SamwireError)) throw thrown;
    throw new SamwireError(thrown.code, `${path}: ${thrown.message}`, {
      details: thrown.details,
      cause: thrown,
    });
  }
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new UnavailableError(`${path} can't be read (${reason}). Expected a COCO annotation file.`, {
      cause,
    });
  }
}

function parse(bytes: Buffer): z.infer<typeof fileSchema> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SamwireError('invalid_json', `Expected a COCO annotation file in JSON, but: ${why}`, { cause });
  }
  return check(fileSchema, value);
}

function evalSet(file: z.infer<typeof fileSchema>): Omit<EvalSet, 'sha256'> {
  const names = new Map(file.categories.map(({ id: category, name }) => [category, name]));
  const byImage = new Map<number, EvalAnnotation[]>();
  for (const [i, image] of file.images.entries()) {
    if (byImage.has(image.id))
      throw fault(`images[${i}].id`, 'an id that no other image has', String(image.id));
    byImage.set(image.id, []);
  }
  let crowds = 0;
  for (const [i, annotation] of file.annotations.entries()) {
    const path = `annotations[${i}]`;
    const siblings = byImage.get(annotation.image_id);
    if (!siblings)
      throw fault(`${path}.image_id`, 'the id of an image of this file', String(annotation.image_id));
    // A crowd is many objects at once: COCO's evaluation leaves it out too.
    if (annotation.iscrowd) crowds += 1;
    else siblings.push(evalAnnotation(annotation, path, names));
  }
  const images = file.images.map((image) => ({
    id: image.id,
    fileName: image.file_name,
    width: image.width,
    height: image.height,
    annotations: byImage.get(image.id) ?? [],
  }));
  return { images: images.filter(({ annotations }) => annotations.length > 0), crowds };
}

function evalAnnotation(
  annotation: z.infer<typeof fileSchema>['annotations'][number],
  path: string,
  names: ReadonlyMap<number, string>,
): EvalAnnotation {
  const category = annotation.category_id ?? undefined;
  return {
    id: annotation.id,
    path,
    category: category === undefined ? 'none' : (names.get(category) ?? String(category)),
    area: annotation.area,
    box: annotation.bbox && boxOf(annotation.bbox, `${path}.bbox`),
    point: annotation.point,
    segmentation: segmentationOf(annotation.segmentation, `${path}.segmentation`),
  };
}

/** Undefined for a box without a pixel, of which COCO itself has some. */
function boxOf(
  [x, y, width, height]: readonly [number, number, number, number],
  path: string,
): Box | undefined {
  if (width > 0 && height > 0) return [x, y, x + width, y + height];
  if (width >= 0 && height >= 0) return undefined;
  throw fault(
    path,
    '[x, y, width, height] with a width and a height of 0 or more',
    `[${[x, y, width, height]}]`,
  );
}

function segmentationOf(value: unknown, path: string): Segmentation {
  try {
    return Array.isArray(value) ? check(polygons, value) : check(runLengths, value);
  } catch (thrown) {
    if (!(thrown instanceof SamwireError)) throw thrown;
    throw invalidMessage(
      thrown.details.map((detail) => ({
        ...detail,
        path: `${path}${detail.path.startsWith('[') || detail.path === '' ? '' : '.'}${detail.path}`,
      })),
    );
  }
}

function fault(path: string, expected: string, got: string): SamwireError {
  return invalidMessage([{ path, expected, got }]);
}
