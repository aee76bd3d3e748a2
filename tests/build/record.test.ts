import { mkdir, readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CacheError,
  isBuiltByOther,
  makeWorkFolder,
  othersEnd,
  removeOtherPlans,
} from '../../src/build/cache-folder.js';
import { RECORD_FILE, readRecord, writeRecord } from '../../src/build/record.js';
import { emptyDirectory } from '../models/directories.js';
import { RECORD } from './records.js';

async function written(): Promise<string> {
  const folder = await emptyDirectory();
  const work = await makeWorkFolder(folder, folder);
  await writeRecord(folder, work, RECORD);
  return folder;
}

describe('the record of engines', () => {
  it('is read as it was written', async () => {
    expect(await readRecord(await written())).toEqual(RECORD);
  });

  it('that is not there is absent', async () => {
    const folder = await emptyDirectory();
    expect(await readRecord(folder)).toBe('absent');
    expect(await readRecord(join(folder, 'no-folder'))).toBe('absent');
  });

  it('that is cut off at any place is unusable', async () => {
    const folder = await written();
    const path = join(folder, RECORD_FILE);
    const text = await readFile(path, 'utf8');
    for (let length = 0; length < text.trimEnd().length; length += 97) {
      await writeFile(path, text.slice(0, length));
      expect(await readRecord(folder)).toBe('unusable');
    }
  });

  it.each<[string, (record: Record<string, unknown>) => object]>([
    ['of another format', (record) => ({ ...record, format: 2 })],
    ['with a key that is not known', (record) => ({ ...record, more: 1 })],
    ['with a key that is missing', ({ contract: _, ...record }) => record],
    [
      'whose identity was changed by hand',
      (record) => ({
        ...record,
        encoder: {
          ...(record.encoder as object),
          identity: { ...RECORD.encoder.identity, tensorrt: '10.4.0' },
        },
      }),
    ],
    ['that is no object', () => [1, 2]],
  ])('%s is unusable', async (_, change) => {
    const folder = await written();
    const json = JSON.parse(JSON.stringify(RECORD)) as Record<string, unknown>;
    await writeFile(join(folder, RECORD_FILE), JSON.stringify(change(json)));
    expect(await readRecord(folder)).toBe('unusable');
  });
});

async function withWorkFolder(name: string, secondsOld: number): Promise<string> {
  const folder = await emptyDirectory();
  await mkdir(join(folder, name));
  const at = Date.now() / 1000 - secondsOld;
  await utimes(join(folder, name), at, at);
  return folder;
}

describe("a model's folder in the cache", () => {
  it('is cleared of what killed builds left, not of what a living one is writing', async () => {
    const folder = join(await emptyDirectory(), 'tiny');
    const dead = 2 ** 22 + 1;
    const here = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0];
    // Process 1 lives as long as the machine; an earlier process had this one's number.
    const living = `.building-${here}-1-y`;
    const names = [`.building-${here}-${dead}-x`, `.building-${here}-${process.pid}-old`, living];
    for (const name of names) await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, names[0] ?? '', 'half.plan'), 'half');
    const work = await makeWorkFolder('cache', folder);
    const found = (await readdir(folder)).map((name) => join(folder, name));
    expect(found.sort()).toEqual([join(folder, living), work].sort());
  });

  it('is not cleared of what another container is building, whose process numbers are its own, but for what is old', async () => {
    const folder = join(await emptyDirectory(), 'tiny');
    const [fresh, old] = [`.building-7-${process.pid}-x`, '.building-7-2-y'];
    for (const name of [fresh, old]) await mkdir(join(folder, name), { recursive: true });
    const yesterday = Date.now() / 1000 - 90_000;
    await utimes(join(folder, old), yesterday, yesterday);
    const work = await makeWorkFolder('cache', folder);
    const found = (await readdir(folder)).map((name) => join(folder, name));
    expect(found.sort()).toEqual([join(folder, fresh), work].sort());
  });

  it.each<[boolean, string, number, number]>([
    [true, 'of a process that lives', 1, 0],
    [false, 'of this process, which builds one model at a time', process.pid, 0],
    [false, 'of a process that is gone', 2 ** 22 + 1, 0],
    [false, 'whose number another process has by now, which touches nothing', 1, 61],
    [false, 'from before the clock was set back', 1, -3600],
  ])('is another build’s place: %s for the work folder %s', async (is, _, pid, secondsOld) => {
    const here = /\d+/.exec(await readlink('/proc/self/ns/pid'))?.[0];
    expect(await isBuiltByOther(await withWorkFolder(`.building-${here}-${pid}-x`, secondsOld))).toBe(is);
  });

  it.each([
    [true, 0],
    [false, 61],
  ])('is another container’s place: %s for what was touched %i s ago', async (is, secondsOld) => {
    expect(await isBuiltByOther(await withWorkFolder('.building-7-2-x', secondsOld))).toBe(is);
  });

  it('is waited for until no other builds there, or until it is given up', async () => {
    const folder = await withWorkFolder('.building-7-2-x', 0);
    let ended = false;
    let looks = 0;
    const onLook = () => {
      looks += 1;
    };
    const waiting = othersEnd(folder, { signal: undefined, onLook }).then(() => {
      ended = true;
    });
    await othersEnd(folder, { signal: AbortSignal.timeout(2000), onLook: () => {} });
    expect(ended).toBe(false);
    // Signs of life, for a service manager that would give up a start.
    expect(looks).toBeGreaterThan(1);
    await rm(join(folder, '.building-7-2-x'), { recursive: true });
    await waiting;
  });

  it('keeps the plans that the record names, and what is no plan', async () => {
    const folder = await emptyDirectory();
    for (const name of ['a.plan', 'b.plan', 'old.plan', RECORD_FILE]) await writeFile(join(folder, name), '');
    await removeOtherPlans(folder, ['a.plan', 'b.plan']);
    expect((await readdir(folder)).sort()).toEqual(['a.plan', 'b.plan', RECORD_FILE]);
  });

  it('that can not be made is told with what to run', async () => {
    const file = join(await emptyDirectory(), 'file');
    await writeFile(file, '');
    const made = makeWorkFolder(file, join(file, 'tiny'));
    await expect(made).rejects.toThrow(CacheError);
    await expect(made).rejects.toThrow(/ENOTDIR.*sudo install -d -o "\$USER"/);
  });
});
