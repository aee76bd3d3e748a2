/** The pages that users read, taken apart: code blocks, inline code, tables and links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

export interface CodeBlock {
  /** What stands after the three backticks: `json`, `sh`, `yaml`, or nothing. */
  readonly language: string;
  readonly text: string;
}

export interface Page {
  /** From the repository's root: `docs/mqtt.md`. */
  readonly path: string;
  readonly text: string;
  readonly blocks: readonly CodeBlock[];
  /** The page without its code blocks. */
  readonly prose: string;
  /** What stands between single backticks in the prose. */
  readonly inline: readonly string[];
}

const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;

export function page(path: string): Page {
  const text = readFileSync(join(PACKAGE_ROOT, path), 'utf8');
  const blocks = [...text.matchAll(BLOCK)].map(([, language = '', body = '']) => ({ language, text: body }));
  const prose = text.replace(BLOCK, '');
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return { path, text, blocks, prose, inline };
}

/** Every page under docs/, and README.md where it is. */
export function pages(): Page[] {
  const docs = readdirSync(join(PACKAGE_ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`);
  return [...(existsSync(join(PACKAGE_ROOT, 'README.md')) ? ['README.md'] : []), ...docs].map(page);
}

/** The part of a page under a heading, up to the next heading of the same or a higher level. */
export function section({ path, text }: Page, heading: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading);
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`);
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length ?? 1;
  const end = lines.findIndex((line, i) => i > start && new RegExp(`^#{1,${level}} `).test(line));
  return lines.slice(start + 1, end < 0 ? undefined : end).join('\n');
}

/** The cells of every table row of a text, without the rows of dashes. */
export function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The codes of one cell: `a`, `b` → ['a', 'b']. */
export function codes(cell: string | undefined): string[] {
  return [...(cell ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The commands of a shell block: lines, with those that end in a backslash joined, and comments taken off. */
export function shellLines(text: string): string[] {
  return text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').replace(/^\$ /, ''))
    .filter((line) => line.trim() !== '');
}
