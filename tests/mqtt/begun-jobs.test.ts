import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BegunJobs } from '../../src/mqtt/jobs/begun-jobs.js';

describe('jobs at work', () => {
  let dir: string;
  const path = () => join(dir, 'cache', 'jobs.json');
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const process = (at = path()) => new BegunJobs(at, logger);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'samwire-begun-'));
    warnings.length = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('are counted over the ends of processes, until they end themselves', () => {
    expect([1, 2, 3].map(() => process().begin('deadly'))).toEqual([0, 1, 2]);
    const last = process();
    expect(last.begin('deadly')).toBe(3);
    last.end('deadly');
    expect(process().begin('deadly')).toBe(0);
  });

  it('that end leave nothing behind', () => {
    const one = process();
    for (const key of ['a', 'b', 'c']) expect(one.begin(key)).toBe(0);
    for (const key of ['b', 'a', 'c', 'never']) one.end(key);
    expect(readFileSync(path(), 'utf8')).toBe('{}');
  });

  it('that never came back are forgotten, the oldest first', () => {
    process().begin('old');
    const one = process();
    for (let i = 0; i < 64; i += 1) one.begin(`key-${i}`);
    const next = process();
    expect(next.begin('old')).toBe(0);
    expect(next.begin('key-63')).toBe(1);
  });

  it.each(['', '{"a":', '[]', '{"a":"x"}', '{"a":-1}', '\0\0\0'])(
    'begin to be counted anew where the file is %j',
    (text) => {
      process().begin('a');
      writeFileSync(path(), text);
      expect([process().begin('a'), process().begin('a')]).toEqual([0, 1]);
    },
  );

  it('are not counted where the file can’t be written, and that is said once', () => {
    const one = process('/dev/null/jobs.json');
    expect([one.begin('a'), one.begin('b')]).toEqual([0, 0]);
    one.end('a');
    expect(warnings).toHaveLength(1);
  });
});
