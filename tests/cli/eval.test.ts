import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { EvalReport } from '../../src/eval/report.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { encodeRle } from '../segment/coco-rle.js';
import { expectedMasks, maskIou } from '../segment/expected.js';
import { encode, type Picture, testPicture } from '../segment/picture.js';
import { emptyDirectory, type Finished, samwire } from './samwire.js';

const MODEL = semanticModel('sam');
const PICTURES: readonly Picture[] = [testPicture(120, 90), testPicture(84, 110), testPicture(150, 100)];
const BOX = { x: 20, y: 15, width: 44, height: 38 };

/** A plain annotator: the disc of each picture, and a small square. */
function discOf({ width, height }: Picture): Uint8Array {
  const [cx, cy, radius] = [width * 0.36, height * 0.45, Math.min(width, height) * 0.27];
  return Uint8Array.from({ length: width * height }, (_, i) =>
    Number(Math.hypot((i % width) - cx, Math.floor(i / width) - cy) < radius),
  );
}

const SQUARE = [8, 8, 28, 8, 28, 28, 8, 28];
const inSquare = ({ width, height }: Picture): Uint8Array =>
  Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Number(x >= 8 && x < 28 && y >= 8 && y < 28);
  });

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samwire-eval-'));
  writeSemanticModel(join(folder, 'model'), MODEL);
  await mkdir(join(folder, 'images'));
  for (const [i, picture] of PICTURES.entries())
    await writeFile(join(folder, 'images', `${i}.png`), await encode(picture));
  await writeFile(join(folder, 'annotations.json'), JSON.stringify(annotationFile()));
  return () => rm(folder, { recursive: true, force: true });
});

function annotationFile() {
  const { x, y, width, height } = BOX;
  const images = PICTURES.map((picture, i) => ({
    id: i + 1,
    file_name: `${i}.png`,
    width: picture.width,
    height: picture.height,
  }));
  const annotations = PICTURES.flatMap((picture, i) => {
    const { size, counts } = encodeRle(discOf(picture), picture.width, picture.height);
    const disc = { image_id: i + 1, category_id: 1, bbox: [x, y, width, height], point: [x + 20, y + 20] };
    return [
      { ...disc, id: 10 * i, segmentation: { size, counts } },
      { id: 10 * i + 1, image_id: i + 1, category_id: 2, area: 400, segmentation: [SQUARE] },
      { id: 10 * i + 2, image_id: i + 1, category_id: 2, iscrowd: 1, segmentation: { size, counts } },
    ];
  });
  const categories = [
    { id: 1, name: 'disc' },
    { id: 2, name: 'square' },
  ];
  return { images, annotations, categories };
}

const evalArgs = (...more: string[]): string[] => [
  'eval',
  ...['--annotations', join(folder, 'annotations.json')],
  ...['--images', join(folder, 'images'), '--model', join(folder, 'model')],
  ...more,
];

const reportOf = ({ stdout }: Finished): EvalReport => JSON.parse(stdout) as EvalReport;

/** What the reference makes of a prompt, against an annotator's mask. */
function expectedIous(
  picture: Picture,
  prompt: Parameters<typeof expectedMasks>[2],
  truth: Uint8Array,
): number[] {
  const single = expectedMasks(MODEL, picture, prompt);
  const all = expectedMasks(MODEL, picture, prompt, { multimask: true });
  const best = Math.max(...all.map(({ mask }) => maskIou(mask, truth)));
  return [maskIou(single[0]?.mask ?? [], truth), best];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('samwire eval', () => {
  it('scores box prompts as the reference does, by category and size', async () => {
    const finished = await samwire(evalArgs('--json', '-'));
    expect(finished.stderr).toBe('');
    expect(finished.code).toBe(0);
    const report = reportOf(finished);
    const { x, y, width, height } = BOX;
    const discs = PICTURES.map(
      (picture) => expectedIous(picture, { id: 'p', box: [x, y, x + width, y + height] }, discOf(picture))[0],
    ) as number[];
    // An annotation without a bbox is asked for by its mask's box.
    const squares = PICTURES.map(
      (picture) => expectedIous(picture, { id: 'p', box: [8, 8, 28, 28] }, inSquare(picture))[0],
    ) as number[];
    expect(report).toMatchObject({
      model: 'sam-semantic',
      backend: 'onnx',
      prompt: 'box',
      count: 6,
      images: 3,
      skipped: { crowds: 3, emptyMasks: 0, images: [] },
      failed: { count: 0 },
    });
    expect(report.byCategory.disc?.count).toBe(3);
    expect(report.byCategory.disc?.mIoU).toBeCloseTo(mean(discs), 2);
    expect(report.byCategory.square?.mIoU).toBeCloseTo(mean(squares), 2);
    expect(report.mIoU.all).toBeCloseTo(mean([...discs, ...squares]), 2);
    expect(report.mIoU.small).toBeCloseTo(mean(squares), 2);
    expect(report.mIoU.large).toBeNull();
    expect(report.oracleMIoU).toBeUndefined();
    for (const stage of [report.latencyMs.encode, report.latencyMs.decode]) {
      expect(stage?.p50).toBeGreaterThan(0);
      expect(stage?.p95).toBeGreaterThanOrEqual(stage?.p50 ?? Number.NaN);
    }
    expect(report.throughput.promptsPerSecond).toBeGreaterThan(report.throughput.imagesPerSecond ?? 0);
  });

  it("scores point prompts: the annotation's point, else the deepest pixel; and the best candidate", async () => {
    const report = reportOf(await samwire(evalArgs('--json', '-', '--prompt', 'point')));
    const asked = (picture: Picture): number[][] => [
      expectedIous(picture, { id: 'p', points: [{ x: 40, y: 35, label: 1 }] }, discOf(picture)),
      // Of 20 × 20 pixels four are deepest, the first of them by rows is this.
      expectedIous(picture, { id: 'p', points: [{ x: 17, y: 17, label: 1 }] }, inSquare(picture)),
    ];
    const ious = PICTURES.flatMap(asked);
    expect(report.mIoU.all).toBeCloseTo(mean(ious.map(([single = 0]) => single)), 2);
    expect(report.oracleMIoU).toBeCloseTo(mean(ious.map(([, best = 0]) => best)), 2);
  });

  it('prints the same as a table, and writes it where it is told', async () => {
    const out = join(await emptyDirectory(), 'report.json');
    const { stdout, code } = await samwire(evalArgs('--json', out, '--limit', '2'));
    expect(code).toBe(0);
    const report = JSON.parse(await readFile(out, 'utf8')) as EvalReport;
    expect(report).toMatchObject({ count: 4, images: 2 });
    expect(stdout).toContain('sam-semantic on onnx, box prompts: 4 masks of 2 pictures');
    expect(stdout).toMatch(new RegExp(`mIoU +${report.mIoU.all?.toFixed(3)} +4`));
    expect(stdout).toMatch(/disc +0\.\d{3} +2/);
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  it('goes on where a run was stopped by Ctrl-C, which exits 130', async () => {
    const dir = await emptyDirectory();
    const many = annotationFile();
    // So many pictures that the run is not over before the signal.
    const images = Array.from({ length: 400 }, (_, i) => ({ ...many.images[i % 3], id: i + 1 }));
    const annotations = images.map(({ id }, i) => ({ ...many.annotations[3 * (i % 3)], id, image_id: id }));
    await writeFile(join(dir, 'many.json'), JSON.stringify({ ...many, images, annotations }));
    const out = join(dir, 'report.json');
    const args = evalArgs('--json', out, '--annotations', join(dir, 'many.json'));
    const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'dist/cli/main.js'), ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = once(child, 'close');
    const linesOf = async (): Promise<string[]> =>
      (await readFile(`${out}.partial`, 'utf8').catch(() => '')).split('\n').slice(0, -1);
    while ((await linesOf()).length < 3) await pause(20);
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
    expect(stderr).toContain(`interrupted. The same command goes on from ${out}.partial.`);
    const before = await linesOf();
    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(before.length).toBeLessThan(401);
    // What was measured is taken as it stands: a mark in the record of the first picture comes out in the report.
    const marked = before.map((line, i) =>
      i === 1 ? line.replace('"category":"disc"', '"category":"kept"') : line,
    );
    await writeFile(`${out}.partial`, `${marked.join('\n')}\n`);
    const { code } = await samwire([...args, '--limit', String(before.length)]);
    expect(code).toBe(0);
    const report = JSON.parse(await readFile(out, 'utf8')) as EvalReport;
    expect(report.count).toBe(before.length);
    expect(report.byCategory.kept?.count).toBe(1);
  });

  it('refuses to go on with another prompt, and keeps a progress file that it was given', async () => {
    const resume = join(await emptyDirectory(), 'progress.jsonl');
    expect((await samwire(evalArgs('--resume', resume, '--limit', '1'))).code).toBe(0);
    const other = await samwire(evalArgs('--resume', resume, '--prompt', 'point'));
    expect(other.code).toBe(69);
    expect(other.stderr).toContain('is the progress of another run: expected prompt point, got box');
  });

  it('names pictures that are missing, unreadable or of another size, and measures the others', async () => {
    const dir = await emptyDirectory();
    await writeFile(join(dir, '0.png'), await encode(PICTURES[0] as Picture));
    await writeFile(join(dir, '1.png'), 'no picture');
    const args = evalArgs('--json', '-', '--images', dir);
    const report = reportOf(await samwire(args));
    expect(report.count).toBe(2);
    expect(report.skipped.images).toEqual([
      { file: '1.png', reason: expect.stringContaining("can't be read as a picture") },
      { file: '2.png', reason: 'it is missing' },
    ]);
    await writeFile(join(dir, '0.png'), await encode(testPicture(50, 50)));
    const none = await samwire(args);
    expect(none.code).toBe(69);
    expect(none.stderr).toMatch(
      /None of the 3 pictures .*0\.png: it has 50×50 pixels, its annotations 120×90/,
    );
  });

  it('ends with one error for a faulty annotation', async () => {
    const dir = await emptyDirectory();
    const file = annotationFile();
    const [first, ...rest] = file.annotations;
    const faulty = { ...first, segmentation: { size: [90, 120], counts: 'zz' } };
    await writeFile(join(dir, 'a.json'), JSON.stringify({ ...file, annotations: [faulty, ...rest] }));
    const { code, stderr, stdout } = await samwire(evalArgs('--annotations', join(dir, 'a.json')));
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^samwire: annotations\[0\]\.segmentation: Expected an RLE character/);
  });
});
