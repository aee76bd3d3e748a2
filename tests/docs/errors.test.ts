import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit.js';
import { ERROR_CODES } from '../../src/errors.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { ERRORS_EXPLAINED } from '../../src/remedies.js';
import { codes, page, pages, rows, section } from './pages.js';

const ERRORS = page('docs/errors.md');

describe('docs/errors.md', () => {
  const table = rows(section(ERRORS, 'Codes')).filter(([cell]) => /^`\w+`$/.test(cell ?? ''));

  it('has a row for each code, in their order', () => {
    expect(table.flatMap(([code]) => codes(code))).toEqual([...ERROR_CODES]);
  });

  it('explains each as the console does', () => {
    const explained = Object.entries(ERRORS_EXPLAINED).map(([code, { when, remedy }]) => [
      `\`${code}\``,
      when,
      remedy,
    ]);
    expect(table).toEqual(explained);
  });

  it('calls exactly those codes reserved that nothing in the sources makes', () => {
    const sources = ['src', 'native'].flatMap((folder) =>
      readdirSync(join(PACKAGE_ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|cc|h)$/.test(entry.name) && entry.name !== 'errors.ts')
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8')),
    );
    const made = (code: string): boolean => sources.some((text) => new RegExp(`['"]${code}['"]`).test(text));
    const reserved = table
      .filter(([, when]) => when?.startsWith('reserved'))
      .flatMap(([code]) => codes(code));
    expect(reserved).toEqual(ERROR_CODES.filter((code) => !made(code)));
  });

  it('has a row for each exit code', () => {
    const listed = rows(section(ERRORS, 'Exit codes')).slice(1);
    expect(listed.map(([code]) => Number(code))).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  });
});

describe('a code that a page names', () => {
  it('is one of the list', () => {
    const likeCodes = /^(?:invalid|too|unknown|unsupported|rate|no|frame|model|device)_[a-z_]+$/;
    // Labels of the metrics are no codes, and have a test of their own.
    const told = pages().filter(({ path }) => path !== 'docs/metrics.md');
    const named = told.flatMap(({ inline }) => inline.filter((code) => likeCodes.test(code)));
    expect(named.length).toBeGreaterThan(ERROR_CODES.length);
    expect([...new Set(named)].filter((code) => !(ERROR_CODES as readonly string[]).includes(code))).toEqual(
      [],
    );
  });
});
