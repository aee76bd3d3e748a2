import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import type { MaskItem } from '../../src/masks/types.js';
import { loadAddon } from '../../src/native/addon.js';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { FAMILIES, type Family, type SemanticModel, semanticModel } from '../graphs/semantics.js';
import { decodeRle } from '../segment/coco-rle.js';
import { expectedMasks, maskIou, type TestPrompt } from '../segment/expected.js';
import { encode, type Picture, testPicture } from '../segment/picture.js';
import { testPrompts } from '../segment/prompts.js';
import { emptyDirectory, type Finished, samwire } from './samwire.js';

const BOX = { id: 'box', box: [20, 15, 110, 100] as const };

interface Job {
  readonly picture?: Buffer | string;
  readonly message?: unknown;
  readonly model?: SemanticModel;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** `samwire segment` in a directory of its own; a picture that is a text is a path. */
async function segment({
  picture = '',
  message = BOX,
  model,
  args = [],
  env,
}: Job): Promise<Finished & { out: string }> {
  const dir = await emptyDirectory();
  const image = typeof picture === 'string' ? picture : join(dir, 'image');
  if (typeof picture !== 'string') await writeFile(image, picture);
  await writeFile(join(dir, 'prompts.json'), typeof message === 'string' ? message : JSON.stringify(message));
  if (model) writeSemanticModel(join(dir, 'model'), model);
  const chosen = model ? ['--model', join(dir, 'model')] : [];
  const out = join(dir, 'out');
  const all = ['segment', image, '--prompts', join(dir, 'prompts.json'), '--out', out, ...chosen, ...args];
  return { ...(await samwire(all, '', env)), out };
}

async function masksOf(out: string) {
  return masksMessageSchema.parse(JSON.parse(await readFile(join(out, 'masks.json'), 'utf8')));
}

function maskOf(item: unknown): Uint8Array {
  const { rle } = item as MaskItem;
  if (!rle) throw new Error(`no rle in ${JSON.stringify(item)}`);
  return decodeRle(rle);
}

async function greyPng(
  path: string,
): Promise<{ data: Buffer; width: number; height: number; depth: string }> {
  const { depth } = await sharp(path).metadata();
  const { data, info } = await sharp(path).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, depth };
}

describe('samwire segment', () => {
  it.each<[Family, SemanticModel['batch'], Picture]>(
    FAMILIES.map((family, i) => [
      family,
      i % 2 ? 'free' : 1,
      i % 2 ? testPicture(201, 307) : testPicture(331, 187),
    ]),
  )('writes the masks of %s, batch %s, as JSON and PNG', async (family, batch, picture) => {
    const model = semanticModel(family, { batch });
    const prompts = testPrompts(model, picture);
    const { code, out, stderr } = await segment({
      picture: await encode(picture),
      message: { requestId: 'r', prompts },
      model,
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const answer = await masksOf(out);
    const { width, height } = picture;
    expect(answer).toMatchObject({
      requestId: 'r',
      camera: null,
      source: 'prompt',
      backend: 'onnx',
      model: `${family}-semantic`,
      frame: { seq: 0, width, height, skewMs: 0 },
    });
    for (const [i, prompt] of prompts.entries()) {
      const mask = maskOf(answer.masks[i]);
      const [expected] = expectedMasks(model, picture, prompt);
      expect(maskIou(mask, expected?.mask ?? []), prompt.id).toBeGreaterThanOrEqual(0.999);
      const png = await greyPng(join(out, `${prompt.id}.png`));
      expect(png).toMatchObject({ width, height, depth: 'uchar' });
      expect(Buffer.compare(png.data, Buffer.from(mask.map((value) => 255 * value)))).toBe(0);
    }
    const overlay = await sharp(join(out, 'overlay.png')).metadata();
    expect(overlay).toMatchObject({ width, height });
  });

  it('writes three masks a prompt with multimask, under names that any file system takes', async () => {
    const model = semanticModel('sam');
    const picture = testPicture(160, 120);
    const message = { prompts: [{ ...BOX, id: 'a:b' }], multimask: true };
    const { code, out } = await segment({ picture: await encode(picture), message, model });
    expect(code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(
      ['a%3Ab%230.png', 'a%3Ab%231.png', 'a%3Ab%232.png', 'masks.json', 'overlay.png'].sort(),
    );
    const { masks } = await masksOf(out);
    const expected = expectedMasks(model, picture, BOX, { multimask: true });
    expect(masks.map(({ id }) => id)).toEqual(['a:b#0', 'a:b#1', 'a:b#2']);
    for (const [k, item] of masks.entries())
      expect(maskIou(maskOf(item), expected[k]?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
  });

  it('reads prompts from standard input, prints the message, and writes only the formats asked for', async () => {
    const dir = await emptyDirectory();
    const image = join(dir, 'image.png');
    await writeFile(image, await encode(testPicture(160, 120)));
    const out = join(dir, 'out');
    const args = ['segment', image, '--prompts', '-', '--json', '--format', 'json', '--out', out];
    const { code, stdout } = await samwire(args, JSON.stringify(BOX));
    expect(code).toBe(0);
    expect(await readdir(out)).toEqual(['masks.json']);
    expect(masksMessageSchema.parse(JSON.parse(stdout))).toEqual(await masksOf(out));
  });

  it('writes PNGs of masks whose message has no encoding', async () => {
    const picture = await encode(testPicture(160, 120));
    const { out } = await segment({ picture, message: { ...BOX, encodings: [] } });
    expect((await masksOf(out)).masks[0]).not.toHaveProperty('rle');
    const { data } = await greyPng(join(out, 'box.png'));
    expect(data.includes(255)).toBe(true);
  });

  it('turns a photograph upright, by its EXIF orientation', async () => {
    const model = semanticModel('edgesam');
    const picture = testPicture(160, 120);
    const upright = await encode(picture);
    const lying = await sharp(upright).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const { out } = await segment({ picture: lying, model });
    const answer = await masksOf(out);
    expect(answer.frame).toMatchObject({ width: 160, height: 120 });
    const [expected] = expectedMasks(model, picture, BOX);
    expect(maskIou(maskOf(answer.masks[0]), expected?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
  });

  it.each<[string, (image: Sharp) => Sharp]>([
    ['grey', (image) => image.toColourspace('b-w').png()],
    ['with transparency', (image) => image.ensureAlpha(0.9).png()],
    ['of 16 bits', (image) => image.toColourspace('rgb16').png()],
    ['of a palette', (image) => image.png({ palette: true })],
    ['JPEG', (image) => image.jpeg()],
    ['CMYK JPEG', (image) => image.toColourspace('cmyk').jpeg()],
    ['WebP', (image) => image.webp()],
  ])('reads a picture %s', async (_, convert) => {
    const picture = await convert(sharp(await encode(testPicture(160, 120)))).toBuffer();
    const { code, out, stderr } = await segment({ picture, args: ['--format', 'json'] });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((await masksOf(out)).frame).toMatchObject({ width: 160, height: 120 });
  });
});

/** PNG's checksum (RFC 2083, annex 15), bit by bit. */
function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A PNG whose header says that it is this large. */
function hugePng(side: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(8)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe.skipIf(loadAddon().tensorrtStatus().problem === null)('samwire segment without TensorRT', () => {
  it('asks nothing of the config, so that a faulty one is in no way', async () => {
    const config = join(await emptyDirectory(), 'samwire.yaml');
    await writeFile(config, 'version: 1\nmodle: {}\n');
    const picture = await encode(testPicture(160, 120));
    const env = { ...process.env, SAMWIRE_CONFIG: config };
    const done = await segment({ picture, model: semanticModel('sam'), args: ['--backend', 'auto'], env });
    expect(done).toMatchObject({ code: 0, stderr: '' });
    const demanded = await segment({ picture, args: ['--backend', 'tensorrt'], env });
    expect(demanded).toMatchObject({ code: 69, stderr: expect.stringContaining('TensorRT') });
  });
});

describe('samwire segment with a bad image', () => {
  it.each<[string, () => Promise<Buffer>, RegExp]>([
    ['a text', async () => Buffer.from('Dear madam, dear sir,'), /can't be read as a picture/],
    ['an empty file', async () => Buffer.alloc(0), /can't be read as a picture/],
    [
      'a JPEG that is cut off',
      async () => {
        const whole = await encode(testPicture(160, 120), 'jpeg');
        return whole.subarray(0, whole.length / 2);
      },
      /can't be read as a picture/,
    ],
    [
      'a PNG that is cut off',
      async () => {
        const whole = await encode(testPicture(160, 120));
        return whole.subarray(0, whole.length / 2);
      },
      /can't be read as a picture/,
    ],
    [
      'more pixels than are taken',
      async () => hugePng(30_000),
      /900000000 pixels; expected at most 200000000/,
    ],
  ])('refuses %s', async (_, make, reason) => {
    const { code, stderr, stdout, out } = await segment({ picture: await make() });
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(stdout).toBe('');
    await expect(readdir(out)).rejects.toThrow('ENOENT');
  });

  it('says that a directory or a missing file can’t be read, with 69', async () => {
    const dir = await emptyDirectory();
    await mkdir(join(dir, 'folder'));
    for (const [name, reason] of [
      ['folder', 'EISDIR'],
      ['missing.jpg', 'ENOENT'],
    ] as const) {
      const { code, stderr } = await segment({ picture: join(dir, name) });
      expect(code).toBe(69);
      expect(stderr).toContain(`${join(dir, name)} can't be read (${reason})`);
    }
  });
});

describe('samwire segment with bad prompts', () => {
  const picture = testPicture(160, 120);

  it.each<[string, unknown, RegExp]>([
    ['that are no JSON', '{"box": [1, 2', /prompts\.json: .*JSON/],
    ['of the wrong type', { box: 'all of it' }, /Expected a box \[x1, y1, x2, y2\] at box, got "all of it"/],
    ['that are none', { prompts: [] }, /at least one prompt/],
    ['with the same id twice', { prompts: [BOX, BOX] }, /prompts\[1\]\.id/],
    ['with a number that is not finite', '{"box": [1, 2, 1e999, 4]}', /box/],
  ])('refuses prompts %s', async (_, message, reason) => {
    const { code, stderr } = await segment({ picture: await encode(picture), message });
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
  });

  it('writes the masks of the good ones, and ends with 1 only where all of them failed', async () => {
    const size = [120, 160] as const;
    const bad: TestPrompt = { id: 'bad', mask: { size, counts: '0' } };
    const outside: TestPrompt = { id: 'outside', box: [500, 500, 600, 600] };
    const some = await segment({ picture: await encode(picture), message: { prompts: [bad, BOX, outside] } });
    expect(some.code).toBe(0);
    expect(some.stdout).toMatch(/bad: invalid_message/);
    const { masks } = await masksOf(some.out);
    expect(masks.map((mask) => 'error' in mask)).toEqual([true, false, true]);
    expect((await readdir(some.out)).sort()).toEqual(['box.png', 'masks.json', 'overlay.png']);
    const none = await segment({ picture: await encode(picture), message: { prompts: [bad, outside] } });
    expect(none.code).toBe(1);
    expect((await masksOf(none.out)).masks).toHaveLength(2);
  });
});
