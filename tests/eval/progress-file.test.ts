import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors.js';
import { openProgressFile } from '../../src/eval/progress-file.js';
import { pictureRecordSchema } from '../../src/eval/types.js';
import { emptyDirectory } from '../cli/samwire.js';

const RUN = { model: 'm', modelSha256: 'a', backend: 'onnx', prompt: 'box', annotationsSha256: 'b' };
const PICTURE = {
  image: 4,
  file: 'a.jpg',
  scores: [{ annotation: 1, category: 'cup', area: 9, iou: 0.5 }],
  empty: 0,
  encodeMs: 1.5,
  decodeMs: 2,
};
const MISSING = { image: 5, file: 'b.jpg', skipped: 'it is missing' };

const open = (path: string, identity = RUN) =>
  openProgressFile(path, { identity, schema: pictureRecordSchema });
const newPath = async (): Promise<string> => join(await emptyDirectory(), 'progress.jsonl');

describe('a progress file', () => {
  it('gives back what was measured', async () => {
    const path = await newPath();
    const first = await open(path);
    expect(first.done.size).toBe(0);
    await first.append(PICTURE);
    await first.append(MISSING);
    const again = await open(path);
    expect([...again.done]).toEqual([
      [4, PICTURE],
      [5, MISSING],
    ]);
  });

  it('drops a line that was cut off, and goes on behind the last whole one', async () => {
    const path = await newPath();
    await (await open(path)).append(PICTURE);
    await appendFile(path, JSON.stringify(MISSING).slice(0, 20));
    const again = await open(path);
    expect([...again.done.keys()]).toEqual([4]);
    await again.append(MISSING);
    expect([...(await open(path)).done.keys()]).toEqual([4, 5]);
    expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(4);
  });

  it.each(Object.keys(RUN))('of another %s is refused', async (key) => {
    const path = await newPath();
    await open(path);
    const other = open(path, { ...RUN, [key]: 'other' });
    await expect(other).rejects.toThrow(new RegExp(`another run: expected ${key} other`));
    await expect(other).rejects.toThrow(UnavailableError);
  });

  it('is refused where it is something else, or damaged', async () => {
    const path = await newPath();
    await writeFile(path, '{"report": 1}\n');
    await expect(open(path)).rejects.toThrow(/no progress file/);
    const damaged = await newPath();
    await open(damaged);
    await appendFile(damaged, `{"image": 4}\n`);
    await expect(open(damaged)).rejects.toThrow(/line 2: expected what was measured/);
    await expect(open('/nowhere/p.jsonl')).rejects.toThrow(/can't be written \(ENOENT\)/);
  });
});
