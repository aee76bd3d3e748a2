import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

const sh = (program: string, ...args: readonly string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The package as `npm run package:deb` makes it, uncompressed; its path. */
export function buildPackage(out: string): string {
  const script = join(PACKAGE_ROOT, 'scripts/package-deb.mjs');
  // As careful people have it; the package must not show.
  const umask = process.umask(0o077);
  try {
    sh(process.execPath, script, '--out', out, '--compression', 'none');
  } finally {
    process.umask(umask);
  }
  const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  return join(out, `samwire_${version}_${sh('dpkg', '--print-architecture').trim()}.deb`);
}

/** The same package as another version, changed by `change`, which is handed its tree. */
export function otherVersion(deb: string, version: string, change: (tree: string) => void): string {
  const tree = `${deb}-${version}`;
  sh('dpkg-deb', '--raw-extract', deb, tree);
  rewrite(join(tree, 'DEBIAN/control'), (text) => text.replace(/^Version: .*$/m, `Version: ${version}`));
  change(tree);
  return packed(tree);
}

/** A package of that name with nothing in it but one maintainer script, and without dependencies; its path. */
export function tinyPackage(out: string, version: string, preinst: string): string {
  const tree = join(out, `tiny-${version}`);
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true });
  writeFileSync(join(tree, 'DEBIAN/preinst'), preinst, { mode: 0o755 });
  const fields = {
    Package: 'samwire',
    Version: version,
    Architecture: 'all',
    Maintainer: 'Test <test@localhost>',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(join(tree, 'DEBIAN/control'), `${lines.join('')}Description: next to nothing\n`);
  return packed(tree);
}

export function rewrite(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function packed(tree: string): string {
  sh('dpkg-deb', '-Znone', '--root-owner-group', '--build', tree, `${tree}.deb`);
  rmSync(tree, { recursive: true });
  return `${tree}.deb`;
}
