import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import sharp from 'sharp';
import { SamwireError, UnavailableError } from '../errors.js';
import { type MatValue, readMat } from './mat-file.js';

/** Boundaries of one picture, as annotators drew them. */
export interface Boundaries {
  readonly width: number;
  readonly height: number;
  /** One an annotator: rows first, 1 on boundaries. */
  readonly maps: readonly Uint8Array[];
}

/** A picture's ground truth: one MAT-file of all annotators, or a PNG of each. */
export interface BoundaryFiles {
  /** The picture's name, without an extension. */
  readonly name: string;
  readonly files: readonly string[];
}

const TYPES = ['.mat', '.png'];

/**
 * The ground truth in a folder, of `pictures` (names without extension): `NAME.mat` as BSDS500 has it, or a PNG an
 * annotator, `NAME.png`, `NAME-1.png`, `NAME_2.png` … Where one picture's name begins with another's, the longer one
 * that fits counts. Pictures without ground truth are not among the result.
 * @throws UnavailableError where the folder can't be read or has no ground truth.
 */
export async function listBoundaries(folder: string, pictures: readonly string[]): Promise<BoundaryFiles[]> {
  const files = (await filesOf(folder)).filter((file) => TYPES.includes(extname(file).toLowerCase()));
  const byName = new Map<string, string[]>();
  const longestFirst = [...pictures].sort((a, b) => b.length - a.length);
  for (const file of files) {
    const stem = stemOf(file);
    const name = longestFirst.find((picture) => stem === picture || /^[-_.]/.test(rest(stem, picture)));
    if (name === undefined) continue;
    const members = byName.get(name);
    if (members) members.push(file);
    else byName.set(name, [file]);
  }
  if (byName.size === 0)
    throw new UnavailableError(
      `${folder} has no boundaries of these pictures. Expected NAME.mat as of BSDS500, or a PNG an annotator: NAME.png, NAME-1.png, NAME-2.png …`,
    );
  return [...byName].map(([name, members]) => ({ name, files: members.map((file) => join(folder, file)) }));
}

/** Files of a folder by name without extension; of several with one name the first by name. */
export async function filesByStem(
  folder: string,
  extensions: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const file of await filesOf(folder)) {
    const stem = stemOf(file);
    if (extensions.includes(extname(file).toLowerCase()) && !found.has(stem))
      found.set(stem, join(folder, file));
  }
  return found;
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new UnavailableError(`The folder ${folder} can't be read (${reason}).`, { cause });
  }
}

function stemOf(file: string): string {
  return file.slice(0, file.length - extname(file).length);
}

function rest(stem: string, picture: string): string {
  return stem.startsWith(picture) ? stem.slice(picture.length) : '';
}

/**
 * Reads a picture's ground truth.
 * @throws SamwireError `invalid_image` with the file that is faulty, or whose size is not that of the others.
 */
export async function readBoundaries({ files }: BoundaryFiles): Promise<Boundaries> {
  const read = await Promise.all(
    files.map(async (file) => {
      const maps = extname(file).toLowerCase() === '.mat' ? await matMaps(file) : [await readGrey(file)];
      return maps.map((map) => ({ ...map, file }));
    }),
  );
  const all = read.flat();
  const [first] = all;
  if (!first) throw new SamwireError('invalid_image', `${files.join(', ')}: there are no boundaries.`);
  const { width, height } = first;
  const other = all.find((map) => map.width !== width || map.height !== height);
  if (other)
    throw new SamwireError(
      'invalid_image',
      `${other.file} has ${other.width}×${other.height} pixels, ${first.file} ${width}×${height}; expected one size for a picture.`,
    );
  return { width, height, maps: all.map(({ data }) => data.map((value) => (value > 0 ? 1 : 0))) };
}

export interface GreyMap {
  readonly width: number;
  readonly height: number;
  /** Rows first, 0..255. */
  readonly data: Uint8Array;
}

/** A grey picture, as an edge map or boundaries are. @throws SamwireError `invalid_image`. */
export async function readGrey(file: string): Promise<GreyMap> {
  try {
    const { data, info } = await sharp(file, { failOn: 'error' })
      .removeAlpha()
      .toColourspace('b-w')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data) };
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new SamwireError('invalid_image', `${file} can't be read as a grey picture: ${why}`, { cause });
  }
}

/** BSDS500's `groundTruth`: cells of structures, whose field `Boundaries` is a matrix of 0 and 1. */
async function matMaps(file: string): Promise<GreyMap[]> {
  try {
    const truth = readMat(await readFile(file)).get('groundTruth');
    if (truth?.kind !== 'cells') throw new Error('it has no cells named groundTruth');
    return truth.cells.map(boundariesOf);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SamwireError('invalid_image', `${file} can't be read as BSDS ground truth: ${why}`, { cause });
  }
}

function boundariesOf(cell: MatValue): GreyMap {
  const field = cell.kind === 'struct' ? cell.fields.get('Boundaries')?.[0] : undefined;
  if (field?.kind !== 'numbers') throw new Error('a cell of groundTruth has no matrix Boundaries');
  const [height = 0, width = 0] = field.dims;
  if (width < 1 || height < 1 || field.data.length !== width * height)
    throw new Error(`Boundaries has ${field.data.length} numbers for ${height} × ${width}`);
  const data = new Uint8Array(width * height);
  for (const [i, value] of field.data.entries())
    data[(i % height) * width + Math.floor(i / height)] = value > 0 ? 255 : 0;
  return { width, height, data };
}
