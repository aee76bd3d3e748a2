import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SOURCE_SCHEMES } from '../../src/config/addresses.js';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { codes, page, pages, rows, section } from './pages.js';

const PATH = /^(?:src|native|docs|tests|config|scripts|engines|systemd|assets|\.ci)\/[\w./-]*[\w/]$/;
const ALL = pages();

/** As GitHub makes a heading's anchor. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}

describe('a link', () => {
  const links = ALL.flatMap(({ path, prose }) =>
    [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ path, target })),
  ).filter(({ target }) => !/^[a-z]+:/.test(target));

  it('to a file leads to one that is there', () => {
    expect(links.length).toBeGreaterThan(20);
    const dead = links.filter(({ path, target }) => {
      const [file = ''] = target.split('#');
      return file !== '' && !existsSync(join(PACKAGE_ROOT, normalize(join(dirname(path), file))));
    });
    expect(dead).toEqual([]);
  });

  it('to a heading leads to one that is there', () => {
    const dead = links.filter(({ path, target }) => {
      const [file = '', anchor] = target.split('#');
      if (anchor === undefined) return false;
      const at = file === '' ? path : normalize(join(dirname(path), file));
      return !anchors(readFileSync(join(PACKAGE_ROOT, at), 'utf8')).includes(anchor);
    });
    expect(dead).toEqual([]);
  });
});

describe('a path of the repository that a page names', () => {
  it('is there', () => {
    const named = ALL.flatMap(({ path, inline }) =>
      inline.filter((code) => PATH.test(code)).map((code) => ({ path, code })),
    );
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter(({ code }) => !existsSync(join(PACKAGE_ROOT, code)))).toEqual([]);
  });
});

describe('docs/cameras.md', () => {
  it('lists every scheme of a source', () => {
    const table = rows(page('docs/cameras.md').prose).filter(([cell]) => /^`\w+:\/\//.test(cell ?? ''));
    const schemes = table.flatMap(([cell]) => codes(cell)).map((source) => source.split('://')[0]);
    expect(schemes.sort()).toEqual([...SOURCE_SCHEMES].sort());
  });
});

describe('docs/architecture.md', () => {
  it('tells bounds that stand in the files that it names', () => {
    const architecture = page('docs/architecture.md');
    const table = rows(section(architecture, 'What is bounded, what it drops, and who is told')).slice(1);
    expect(table.length).toBeGreaterThan(15);
    for (const [where, what, bound] of table) {
      const text = codes(where)
        .map((path) => readFileSync(join(PACKAGE_ROOT, path), 'utf8').replaceAll(/(?<=\d)_(?=\d)/g, ''))
        .join('\n');
      for (const [number] of (bound ?? '').matchAll(/\b\d+\b/g))
        expect(new RegExp(`\\b${number}\\b`).test(text), `${number} of ${what} in ${where}`).toBe(true);
    }
  });
});
