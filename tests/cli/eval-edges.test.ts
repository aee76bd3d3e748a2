import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { EdgeReport } from '../../src/eval/edge-report.js';
import { cells, matFile, struct } from '../eval/mat-writer.js';
import { writeSemanticModel } from '../graphs/model-dir.js';
import { semanticModel } from '../graphs/semantics.js';
import { encode, testPicture } from '../segment/picture.js';
import { emptyDirectory, type Finished, samwire } from './samwire.js';

/** 200 × 100 pixels: 0.0075 of the diagonal are 1.68 pixels. */
const [WIDTH, HEIGHT] = [200, 100];

/** Straight lines: [y, from x, to x, value]. */
type Lines = readonly (readonly [y: number, from: number, to: number, value: number])[];

function drawn(lines: Lines): Uint8Array {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (const [y, from, to, value] of lines) data.fill(value, y * WIDTH + from, y * WIDTH + to);
  return data;
}

async function draw(path: string, lines: Lines): Promise<void> {
  await sharp(drawn(lines), { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .png()
    .toFile(path);
}

async function folders(): Promise<{ readonly truth: string; readonly maps: string; readonly dir: string }> {
  const dir = await emptyDirectory();
  for (const name of ['truth', 'maps']) await mkdir(join(dir, name));
  return { truth: join(dir, 'truth'), maps: join(dir, 'maps'), dir };
}

const reportOf = ({ stdout }: Finished): EdgeReport => JSON.parse(stdout) as EdgeReport;

describe('samwire eval --edges', () => {
  it('scores maps whose answers are known', async () => {
    const { truth, maps } = await folders();
    // One annotator drew lines 20 and 60, the other 20 and 80, one pixel lower.
    await draw(join(truth, 'a-1.png'), [
      [20, 40, 140, 255],
      [60, 40, 140, 255],
    ]);
    await draw(join(truth, 'a-2.png'), [
      [21, 40, 140, 255],
      [80, 40, 140, 255],
    ]);
    // The map has the first line surely, the second too far off by two pixels, and one that is nobody's, weakly.
    await draw(join(maps, 'a.png'), [
      [20, 40, 140, 220],
      [62, 40, 140, 220],
      [40, 40, 140, 90],
    ]);
    const finished = await samwire(['eval', '--edges', truth, '--maps', maps, '--json', '-']);
    expect(finished.stderr).toBe('');
    const report = reportOf(finished);
    expect(report).toMatchObject({ model: null, backend: null, images: 1, maxDistance: 0.0075, skipped: [] });
    const at = (threshold: number) => report.curve.find((point) => point.threshold === threshold);
    // 90 / 255 = 0.353: three lines found, of four drawn two are met, by one of the three.
    expect(at(0.35)).toMatchObject({ recall: 0.5, precision: 0.3333 });
    expect(at(0.36)).toMatchObject({ recall: 0.5, precision: 0.5 });
    expect(at(0.86)).toMatchObject({ recall: 0.5, precision: 0.5 });
    expect(at(0.87)).toMatchObject({ recall: 0, precision: 0 });
    expect(report.ODS).toMatchObject({ f: 0.5, recall: 0.5, precision: 0.5 });
    expect(report.OIS).toEqual({ f: 0.5, recall: 0.5, precision: 0.5 });
    const wider = await samwire([
      'eval',
      '--edges',
      truth,
      '--maps',
      maps,
      '--json',
      '-',
      '--max-distance',
      '0.01',
    ]);
    // 2.24 pixels: the second line is met as well.
    expect(reportOf(wider).ODS).toMatchObject({ f: 0.8571, recall: 0.75, precision: 1 });
  });

  it('reads BSDS500’s own ground truth, prints a table, and names what it leaves out', async () => {
    const { truth, maps, dir } = await folders();
    const rows = Array.from({ length: HEIGHT }, (_, y) =>
      Array.from({ length: WIDTH }, (_, x) => Number(y === 30 && x >= 20 && x < 120)),
    );
    const cell = struct({ Boundaries: { rows, type: 'logical' } });
    for (const name of ['one', 'two'])
      await writeFile(join(truth, `${name}.mat`), matFile([cells('groundTruth', [cell])]));
    await draw(join(maps, 'one.png'), [[31, 20, 120, 200]]);
    await sharp(new Uint8Array(50), { raw: { width: 10, height: 5, channels: 1 } })
      .png()
      .toFile(join(maps, 'two.png'));
    const out = join(dir, 'report.json');
    const { stdout, code } = await samwire(['eval', '--edges', truth, '--maps', maps, '--json', out]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 edge maps\n {2}ODS {2}1\.000 /);
    expect(stdout).toContain('left out: two: the edge map has 10×5 pixels, its boundaries 200×100');
    expect((JSON.parse(await readFile(out, 'utf8')) as EdgeReport).ODS.f).toBe(1);
  });

  it('scores the edges of a model, and goes on from its progress file', async () => {
    const { truth, maps, dir } = await folders();
    writeSemanticModel(join(dir, 'model'), semanticModel('sam', { size: 128 }));
    await writeFile(join(maps, 'p.png'), await encode(testPicture(WIDTH, HEIGHT)));
    // The bar of the test picture, from 0.7 to 0.83 of the width.
    await sharp(
      Uint8Array.from(
        { length: WIDTH * HEIGHT },
        (_, i) => Number(i >= 20 * WIDTH && [140, 166].includes(i % WIDTH)) * 255,
      ),
      { raw: { width: WIDTH, height: HEIGHT, channels: 1 } },
    )
      .png()
      .toFile(join(truth, 'p.png'));
    const resume = join(dir, 'progress.jsonl');
    const args = [
      'eval',
      '--edges',
      truth,
      '--images',
      maps,
      '--model',
      join(dir, 'model'),
      '--resume',
      resume,
      '--json',
      '-',
    ];
    const finished = await samwire(args);
    expect(finished.stderr).toBe('');
    const report = reportOf(finished);
    expect(report).toMatchObject({ model: 'sam-semantic', backend: 'onnx', images: 1 });
    expect(report.latencyMs.edges?.p50).toBeGreaterThan(0);
    // The bar's sides are found at some threshold, as far as this model's masks end at them.
    expect(Math.max(...report.curve.map(({ recall }) => recall))).toBeGreaterThan(0.4);
    const marked = (await readFile(resume, 'utf8')).replace(/"edgesMs":\d+/, '"edgesMs":4321');
    await writeFile(resume, marked);
    expect(reportOf(await samwire(args)).latencyMs.edges?.p50).toBe(4321);
    const other = await samwire([...args, '--max-distance', '0.02']);
    expect(other.code).toBe(69);
    expect(other.stderr).toContain('another run: expected maxDistance 0.02, got 0.0075');
  });

  it('refuses engines, and options that do not go together', async () => {
    const { truth, maps } = await folders();
    await draw(join(truth, 'a.png'), []);
    await draw(join(maps, 'a.png'), []);
    const engines = await samwire(['eval', '--edges', truth, '--images', maps, '--backend', 'tensorrt']);
    expect(engines.code).toBe(69);
    expect(engines.stderr).toMatch(/^samwire: Edge maps are made by the onnx backend alone/);
    for (const args of [
      ['--edges', truth],
      ['--annotations', 'a.json'],
      ['--edges', truth, '--images', maps, '--maps', maps],
    ]) {
      const { code, stderr } = await samwire(['eval', ...args]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^samwire: expected --annotations FILE and --images DIR/);
    }
  });
});
