import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { CocoRecord } from '../../src/everything/coco.js';
import { budgetOf } from '../../src/everything/hierarchical.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { masksMessageSchema } from '../../src/outputs/masks-schema.js';
import { officialMasks } from '../everything/official.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { decodeRle } from '../segment/coco-rle.js';
import { expectedMasks, maskIou } from '../segment/expected.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, type Finished, samwire } from './samwire.js';

const MODEL = semanticModel('sam', { size: 128 });
const PICTURE = testPicture(150, 100);
const THRESHOLDS = ['--min-score', '0.58', '--min-stability', '0.12', '--nms', '0.5'] as const;

interface Job {
  readonly args?: readonly string[];
  readonly name?: string;
  readonly boxes?: string;
}

/** `samwire everything` on the picture, in a directory of its own. */
async function everything({
  args = [],
  name = 'street.png',
  boxes,
}: Job): Promise<Finished & { out: string }> {
  const dir = await emptyDirectory();
  const [image, model, out] = [join(dir, name), join(dir, 'model'), join(dir, 'out')];
  await writeFile(image, await encode(PICTURE));
  writeSemanticModel(model, MODEL);
  if (boxes !== undefined) await writeFile(join(dir, 'boxes.json'), boxes);
  const given = boxes === undefined ? [] : ['--boxes', join(dir, 'boxes.json')];
  const all = ['everything', image, '--model', model, '--out', out, ...given, ...args];
  return { ...(await samwire(all)), out };
}

/** Levels of an 8-bit grey PNG. */
async function levelsOf(path: string): Promise<{ levels: Uint8Array; width: number; height: number }> {
  expect(await sharp(path).metadata()).toMatchObject({ format: 'png', depth: 'uchar', space: 'b-w' });
  const { data, info } = await sharp(path).extractChannel(0).raw().toBuffer({ resolveWithObject: true });
  return { levels: new Uint8Array(data), width: info.width, height: info.height };
}

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8'));

describe('samwire everything', () => {
  it('writes what the official generator writes, a masks message and an overlay', async () => {
    const { code, out, stdout, stderr } = await everything({
      args: ['--strategy', 'grid', '--grid', '4', ...THRESHOLDS],
    });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['masks.json', 'overlay.png', 'street.json']);
    const records = (await json(join(out, 'street.json'))) as CocoRecord[];
    const wanted = officialMasks(MODEL, PICTURE, {
      pointsPerSide: 4,
      predIou: 0.58,
      stability: 0.12,
      boxNms: 0.5,
      cropLayers: 0,
      cropNms: 0.7,
      cropOverlap: 0.3,
      cropDownscale: 1,
      minArea: 0,
    });
    expect(records.length).toBe(wanted.length);
    expect(records.length).toBeGreaterThan(3);
    expect(stdout).toContain(`sam-semantic on onnx: ${records.length} masks of 16 prompts in `);
    for (const [i, record] of records.entries()) {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = wanted[i]?.box ?? [];
      const mask = decodeRle(record.segmentation);
      expect(Object.keys(record)).toEqual([
        'segmentation',
        'area',
        'bbox',
        'predicted_iou',
        'point_coords',
        'stability_score',
        'crop_box',
      ]);
      expect(maskIou(mask, wanted[i]?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
      expect(record.area).toBe(mask.reduce((sum, value) => sum + value, 0));
      expect(record.bbox).toEqual([x1, y1, x2 - x1, y2 - y1]);
      expect(record.predicted_iou).toBeCloseTo(wanted[i]?.iou ?? 0, 4);
      expect(record.point_coords).toEqual([wanted[i]?.point]);
      expect(record.crop_box).toEqual([0, 0, 150, 100]);
    }
    const message = masksMessageSchema.parse(await json(join(out, 'masks.json')));
    expect(message).toMatchObject({ source: 'everything', camera: null, frame: { seq: 0, width: 150 } });
    expect(message.masks.map(({ id }) => id)).toEqual(records.map((_, i) => String(i)));
    expect(await sharp(join(out, 'overlay.png')).metadata()).toMatchObject({ width: 150, height: 100 });
  });

  it('is hierarchical unless told otherwise', async () => {
    const { code, stdout } = await everything({ args: ['--grid', '6', ...THRESHOLDS] });
    expect(code).toBe(0);
    expect(stdout).toContain(`of ${budgetOf(6)} prompts`);
  });

  it('segments the boxes of a file, keeps them beside their masks, and prints the message', async () => {
    const { code, out, stdout } = await everything({
      boxes: '{"boxes": [[0.1, 0.1, 0.5, 0.5]], "normalized": true}',
      name: 'masks.png',
      args: ['--json'],
    });
    expect(code).toBe(0);
    // A picture of that name leaves the message in its place.
    expect((await readdir(out)).sort()).toEqual(['%6Dasks.json', 'masks.json', 'overlay.png']);
    expect(masksMessageSchema.parse(JSON.parse(stdout)).masks.length).toBe(1);
    const [record] = (await json(join(out, '%6Dasks.json'))) as CocoRecord[];
    const [expected] = expectedMasks(MODEL, PICTURE, { id: 'b', box: [15, 10, 75, 50] });
    if (!record) throw new Error('no record');
    expect(record.prompt_box).toEqual([15, 10, 60, 40]);
    expect(record.point_coords).toEqual([]);
    expect(maskIou(decodeRle(record.segmentation), expected?.mask ?? [])).toBeGreaterThanOrEqual(0.999);
  });

  it('says what to do where nothing is found', async () => {
    const { code, stdout } = await everything({ args: ['--grid', '2', '--min-score', '1'] });
    expect(code).toBe(0);
    expect(stdout).toContain('0 masks of 4 prompts');
    expect(stdout).toContain('try a lower --min-score or --min-stability');
  });

  it.each([
    ['no JSON', '[[1, 2', 'boxes.json is no JSON'],
    ['no boxes', '{"prompts": []}', 'Expected an array of boxes'],
    ['a box outside', '[[1, 1, 5, 5], [500, 500, 600, 600]]', 'boxes[1]'],
  ])('refuses a file with %s, with the place', async (_, boxes, text) => {
    const { code, stderr } = await everything({ boxes });
    expect(code).toBe(1);
    expect(stderr).toContain(text);
  });

  it('refuses boxes that nobody gives, numbers out of range, and a picture that is not there', async () => {
    const boxes = await everything({ args: ['--strategy', 'boxes'] });
    expect(boxes.code).toBe(1);
    expect(boxes.stderr).toContain('this model proposes none by itself');
    const score = await everything({ args: ['--min-score', '88'] });
    expect(score.code).toBe(2);
    expect(score.stderr).toContain('Expected a number from 0 to 1, got "88"');
    const missing = await samwire(['everything', '/nowhere.png', '--out', await emptyDirectory()]);
    expect(missing.code).toBe(69);
    expect(missing.stderr).toContain("/nowhere.png can't be read (ENOENT)");
  });

  it('ends with 130 on Ctrl-C, and writes nothing', async () => {
    const dir = await emptyDirectory();
    const [image, model, out] = [join(dir, 'a.png'), join(dir, 'model'), join(dir, 'out')];
    await writeFile(image, await encode(PICTURE));
    writeSemanticModel(model, MODEL);
    const args = ['everything', image, '--model', model, '--out', out, '--grid', '128', '--crops', '3'];
    const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args]);
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = once(child, 'close');
    // The folder is made before the model is loaded and the long work begins.
    while (!(await readdir(dir)).includes('out')) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    expect((await closed)[0]).toBe(130);
    expect(stderr).toContain('interrupted; nothing was written');
    expect(await readdir(out)).toEqual([]);
  });

  it('writes an edge map beside the masks, which its options leave as they are', async () => {
    const args = ['--edges', '--strategy', 'grid', '--grid', '3', ...THRESHOLDS];
    const { code, out, stderr } = await everything({ args });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['edges.png', 'masks.json', 'overlay.png', 'street.json']);
    const { levels, width, height } = await levelsOf(join(out, 'edges.png'));
    expect([width, height]).toEqual([PICTURE.width, PICTURE.height]);
    expect(Math.max(...levels)).toBeGreaterThan(240);
    // The bar's left edge is at 0.7 of the width: no column of the flat ground beside it is as strong.
    const column = (x: number): number =>
      Array.from({ length: 60 }, (_, i) => levels[(i + 30) * width + x] ?? 0).reduce((a, b) => a + b);
    const strongest = (from: number, to: number): number =>
      Math.max(...Array.from({ length: to - from }, (_, i) => column(from + i)));
    expect(strongest(102, 109)).toBeGreaterThan(strongest(85, 98));
    const other = await everything({ args: ['--edges', '--grid', '2', '--nms', '0.9'] });
    expect((await levelsOf(join(other.out, 'edges.png'))).levels).toEqual(levels);
  });

  it('makes no edge map on engines, and says so before the work', async () => {
    const { code, stderr, out } = await everything({ args: ['--edges', '--backend', 'tensorrt'] });
    expect(code).toBe(69);
    expect(stderr).toMatch(/^samwire: Edge maps are made by the onnx backend alone/);
    expect(await readdir(out)).toEqual([]);
  });
});
