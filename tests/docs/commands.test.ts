import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { type Page, pages, shellLines } from './pages.js';

const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');
const NAMES = /^\s{2}([a-z][a-z-]*)(?:\s|$)/gm;
const OPTIONS = /(?<![\w-])--[a-z][a-z-]*/g;
const CALL = /(?:^|\s|\()(?:samwire|node dist\/cli\/main\.js)\s+([a-z][a-z-]*)([^|;&)]*)/g;

interface Call {
  readonly page: string;
  readonly text: string;
  /** `models verify` */
  readonly command: string;
  readonly options: readonly string[];
}

const help = (...args: string[]): string =>
  execFileSync(process.execPath, [MAIN, ...args, '--help'], { encoding: 'utf8' });
const commandsIn = (text: string): string[] =>
  [...text.slice(text.indexOf('Commands:')).matchAll(NAMES)].map(([, name = '']) => name);

/** By command: its options. `models` stands for itself and for its own commands. */
const known = new Map<string, ReadonlySet<string>>();

beforeAll(() => {
  for (const name of commandsIn(help())) {
    if (name === 'help') continue;
    const text = help(name);
    known.set(name, new Set(text.match(OPTIONS)));
    if (!text.includes('Commands:')) continue;
    for (const inner of commandsIn(text))
      if (inner !== 'help') known.set(`${name} ${inner}`, new Set(help(name, inner).match(OPTIONS)));
  }
});

function callsIn({ path, inline, blocks }: Page): Call[] {
  const lines = [
    ...inline,
    ...blocks.filter(({ language }) => ['sh', ''].includes(language)).flatMap(({ text }) => shellLines(text)),
  ];
  return lines.flatMap((line) =>
    [...line.matchAll(CALL)].map(([text, name = '', rest = '']) => {
      const [inner] = /^\s+[a-z]+(?=\s|$)/.exec(rest) ?? [];
      const command = name === 'models' && inner ? `${name} ${inner.trim()}` : name;
      return { page: path, text: text.trim(), command, options: rest.match(OPTIONS) ?? [] };
    }),
  );
}

describe('a command that a page writes', () => {
  const calls = pages().flatMap(callsIn);

  it('is found', () => {
    expect(known.size).toBeGreaterThan(8);
    expect(calls.length).toBeGreaterThan(20);
  });

  it('is one that the program has', () => {
    const unknown = calls.filter(({ command }) => !known.has(command));
    expect(unknown.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
  });

  it('has options that the program knows', () => {
    const wrong = calls.flatMap(({ page, text, command, options }) =>
      options
        .filter((option) => !known.get(command)?.has(option))
        .map((option) => `${page}: ${option} in "${text}"`),
    );
    expect(wrong).toEqual([]);
  });

  it('is no call of an option that is named alone and that no command has', () => {
    const all = new Set([...known.values()].flatMap((options) => [...options]));
    const alone = pages().flatMap(({ path, inline }) =>
      inline
        .filter((code) => /^--[a-z]/.test(code))
        .map((code) => ({ path, option: code.split(/[ =]/)[0] ?? '' })),
    );
    expect(alone.filter(({ option }) => !all.has(option))).toEqual([]);
  });

  it('covers every command: each stands on some page', () => {
    const written = new Set(calls.map(({ command }) => command));
    expect([...known.keys()].filter((name) => name !== 'models' && !written.has(name))).toEqual([]);
  });
});
