import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

const read = (path: string): string => readFileSync(join(PACKAGE_ROOT, path), 'utf8');

describe('samwire(1)', () => {
  it('has the commands of the program, in its order', () => {
    const help = execFileSync(process.execPath, [join(PACKAGE_ROOT, 'dist/cli/main.js'), '--help'], {
      encoding: 'utf8',
    });
    const commands = [...help.slice(help.indexOf('Commands:')).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(
      ([, name]) => name,
    );
    const section = /^\.SH COMMANDS\n([\s\S]*?)^\.SH/m.exec(read('packaging/samwire.1'))?.[1] ?? '';
    const told = [...section.matchAll(/^\.TP\n\.B (.*)$/gm)].map(([, name]) => name?.replaceAll('\\-', '-'));
    expect(told).toEqual(commands.filter((name) => name !== 'help'));
  });
});

describe('docs/install.md', () => {
  it('names each credential that the unit hands on', () => {
    const names = [...read('systemd/samwire.service').matchAll(/^LoadCredential=([^:]+):/gm)].map(
      ([, name]) => name,
    );
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(read('docs/install.md')).toContain(`\`${name}\``);
  });
});
