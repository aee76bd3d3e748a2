import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSecretFile } from '../../src/config/secrets.js';
import { UnavailableError } from '../../src/errors.js';

describe('a secret file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'samwire-secret-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'password');

  it.each([
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' se cret \n\n', ' se cret \n'],
    ['', ''],
  ])('with %j is %j', (content, secret) => {
    writeFileSync(file, content);
    expect(readSecretFile(file)).toBe(secret);
  });

  it('that is missing, a folder or endless is an error with its path', () => {
    for (const path of [join(folder, 'none'), folder, '/dev/zero']) {
      expect(() => readSecretFile(path)).toThrow(UnavailableError);
      expect(() => readSecretFile(path)).toThrow(path);
    }
  });
});
