import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Manifest, parseTwoGraphManifest } from '../../src/models/manifest.js';
import { manifestOf, recipeNamed } from '../../src/models/recipes.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** What five families' own code makes of two photographs; not part of the repository. */
export const FIXTURES = join(process.env.SAMWIRE_SHARED ?? join(PACKAGE_ROOT, '../shared'), 'fixtures');
export const FIXTURES_PRESENT = existsSync(join(FIXTURES, 'README.md'));

export interface FixtureFamily {
  readonly folder: string;
  readonly recipe: string;
  readonly size: readonly [number, number];
}

export const FAMILIES: readonly FixtureFamily[] = [
  { folder: 'nanosam', recipe: 'nanosam', size: [1024, 1024] },
  { folder: 'mobilesam', recipe: 'sam', size: [1024, 1024] },
  { folder: 'edgesam', recipe: 'edgesam', size: [1024, 1024] },
  { folder: 'efficientvit_sam_l0', recipe: 'efficientvit-sam', size: [512, 512] },
  { folder: 'efficientsam_ti', recipe: 'efficientsam', size: [1024, 1024] },
];

/** The manifest that `samwire models add` would write for the family. */
export function manifestFor({ folder, recipe, size }: FixtureFamily): Manifest {
  const sha256 = '0'.repeat(64);
  const manifest = manifestOf({
    recipe: recipeNamed(recipe),
    name: folder,
    size,
    encoder: { file: 'encoder.onnx', sha256, precision: 'mixed' },
    decoder: { file: 'decoder.onnx', sha256, precision: 'mixed' },
  });
  return parseTwoGraphManifest(manifest, folder);
}

export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
}

export interface FixtureCase {
  readonly id: string;
  readonly image: string;
  readonly prompt: {
    readonly points?: readonly (readonly [number, number])[];
    readonly labels?: readonly (0 | 1)[];
    readonly box?: readonly [number, number, number, number];
    readonly mask_from?: string;
  };
  readonly decoder_inputs: Readonly<Record<string, FixtureTensor>>;
  readonly low_res_file?: string;
  readonly low_res_shape?: readonly [number, number, number];
  readonly mask_files?: readonly string[];
  readonly mask_pixels?: readonly number[];
}

export interface FixtureImage {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly input_shape: readonly [number, number, number, number];
  readonly input_stats: {
    readonly mean: number;
    readonly std: number;
    readonly min: number;
    readonly max: number;
  };
  readonly input_samples: readonly {
    readonly c: number;
    readonly y: number;
    readonly x: number;
    readonly v: number;
  }[];
  readonly resized?: readonly [number, number];
  readonly resized_file?: string;
}

export interface FixtureSet {
  readonly images: Readonly<Record<string, FixtureImage>>;
  readonly cases: readonly FixtureCase[];
}

export function readFixtures(folder: string): FixtureSet {
  return JSON.parse(readFileSync(join(FIXTURES, folder, 'cases.json'), 'utf8')) as FixtureSet;
}

export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A picture as packed RGB. sharp's decoder is libjpeg-turbo, as Pillow's: the pixels are the same, bit for bit. */
export async function readRgb(folder: string, file: string): Promise<Pixels> {
  const { data, info } = await sharp(join(FIXTURES, folder, file))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`${file} has ${info.channels} channels, expected 3`);
  return { data, width: info.width, height: info.height };
}

/** A 1-bit PNG as one byte a pixel, non-zero inside. */
export async function readMask(folder: string, file: string): Promise<Pixels> {
  const { data, info } = await sharp(join(FIXTURES, folder, file))
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1) throw new Error(`${file} has ${info.channels} channels, expected 1`);
  return { data, width: info.width, height: info.height };
}

/** A little-endian float16 .npy (version 1, C order) as float32. */
export function readFloat16Npy(folder: string, file: string): { shape: number[]; data: Float32Array } {
  const bytes = readFileSync(join(FIXTURES, folder, file));
  if (bytes.toString('latin1', 1, 6) !== 'NUMPY') throw new Error(`${file} is no .npy file`);
  const headerBytes = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerBytes);
  const shapeText = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (!header.includes("'<f2'") || !header.includes("'fortran_order': False") || shapeText === undefined) {
    throw new Error(`${file}: expected little-endian float16 in C order, got ${header}`);
  }
  const shape = shapeText
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const count = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    data[index] = halfToFloat(bytes.readUInt16LE(10 + headerBytes + index * 2));
  }
  return { shape, data };
}

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
