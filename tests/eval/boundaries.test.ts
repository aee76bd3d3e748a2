import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { SamwireError, UnavailableError } from '../../src/errors.js';
import { listBoundaries, readBoundaries } from '../../src/eval/boundaries.js';
import { readMat } from '../../src/eval/mat-file.js';
import { emptyDirectory } from '../cli/samwire.js';
import { cells, matFile, numbers, struct } from './mat-writer.js';

const ROWS = [
  [0, 1, 0],
  [1, 0, 0],
];
const truthOf = (rows: readonly (readonly number[])[]) =>
  struct({
    Segmentation: { rows: rows.map((row) => row.map((value) => value + 1)), type: 'uint16' },
    Boundaries: { rows, type: 'logical' },
  });

async function png(path: string, width: number, height: number, value: (i: number) => number): Promise<void> {
  const data = Uint8Array.from({ length: width * height }, (_, i) => value(i));
  await sharp(data, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(path);
}

describe('a MAT-file', () => {
  it.each([true, false])('gives its variables, compressed %s', (compressed) => {
    const file = matFile(
      [
        numbers({ rows: [[1.5, -2]], type: 'double' }, 'pair'),
        cells('groundTruth', [truthOf(ROWS), truthOf(ROWS)]),
      ],
      compressed,
    );
    const found = readMat(file);
    expect(found.get('pair')).toEqual({ kind: 'numbers', dims: [1, 2], data: [1.5, -2] });
    const truth = found.get('groundTruth');
    expect(truth).toMatchObject({ kind: 'cells', dims: [1, 2] });
    const cell = truth?.kind === 'cells' ? truth.cells[1] : undefined;
    const fields = cell?.kind === 'struct' ? cell.fields : new Map();
    expect([...fields.keys()]).toEqual(['Segmentation', 'Boundaries']);
    // Column by column.
    expect(fields.get('Boundaries')).toEqual([{ kind: 'numbers', dims: [2, 3], data: [0, 1, 1, 0, 0, 0] }]);
  });

  it('of another kind, or cut off, is refused', () => {
    const whole = matFile([cells('groundTruth', [truthOf(ROWS)])], false);
    expect(() => readMat(Buffer.from('nothing'))).toThrow(/no MAT-file of level 5/);
    for (const length of [130, 150, 200, whole.length - 20])
      expect(() => readMat(whole.subarray(0, length))).toThrow();
  });
});

describe('boundaries of a picture', () => {
  it('are read from BSDS500’s MAT-files, one map an annotator', async () => {
    const dir = await emptyDirectory();
    const other = [
      [1, 1, 1],
      [0, 0, 0],
    ];
    await writeFile(join(dir, '100.mat'), matFile([cells('groundTruth', [truthOf(ROWS), truthOf(other)])]));
    const [found] = await listBoundaries(dir, ['100', '101']);
    expect(found?.name).toBe('100');
    expect(await readBoundaries(found ?? { name: '', files: [] })).toEqual({
      width: 3,
      height: 2,
      maps: [Uint8Array.from(ROWS.flat()), Uint8Array.from(other.flat())],
    });
  });

  it('are read from a PNG an annotator; a longer picture’s name goes first', async () => {
    const dir = await emptyDirectory();
    for (const file of ['a.png', 'a-1.png', 'a_b.png', 'a_b.2.png', 'ab.png', 'notes.txt'])
      await png(join(dir, `${file}`.replace('.txt', '.png')), 4, 2, (i) => (i === 5 ? 200 : 0));
    const found = await listBoundaries(dir, ['a', 'a_b', 'c']);
    expect(found.map(({ name, files }) => [name, files.length])).toEqual([
      ['a', 2],
      ['a_b', 2],
    ]);
    const { maps } = await readBoundaries(found[0] ?? { name: '', files: [] });
    expect(maps).toEqual([Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0), Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0)]);
  });

  it('are refused when they are faulty, of two sizes, or none', async () => {
    const dir = await emptyDirectory();
    await expect(listBoundaries(dir, ['a'])).rejects.toThrow(UnavailableError);
    await expect(listBoundaries('/nowhere', ['a'])).rejects.toThrow(/can't be read \(ENOENT\)/);
    await png(join(dir, 'a-1.png'), 4, 2, () => 0);
    await png(join(dir, 'a-2.png'), 2, 4, () => 0);
    await writeFile(join(dir, 'b.mat'), matFile([numbers({ rows: ROWS, type: 'logical' }, 'groundTruth')]));
    await writeFile(join(dir, 'c.png'), 'no picture');
    for (const [i, message] of [
      /a-2\.png has 2×4 .* 4×2/,
      /b\.mat .* no cells named groundTruth/,
      /c\.png can't be read/,
    ].entries()) {
      const [files] = await listBoundaries(dir, [['a', 'b', 'c'][i] ?? '']);
      const refused = readBoundaries(files ?? { name: '', files: [] });
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toThrow(SamwireError);
    }
  });
});
