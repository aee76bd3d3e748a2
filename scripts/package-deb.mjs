// `npm run package:deb`: the package of this machine's architecture, from what is built here. Needs dpkg-dev; no network.
//   --out DIR            where samwire_<version>_<architecture>.deb goes (default: build)
//   --version VERSION    instead of package.json's
//   --compression NAME   xz (default), gzip or none
//   --node-licence FILE  where Node's licence is not found beside it
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { LAYOUT } from '../dist/install/layout.js';
import { runtimeModules } from '../dist/install/modules.js';
import { stageProgram, stageSystemFiles } from '../dist/install/stage.js';
import { architecture, debianVersion, libraryDependencies, writeControl } from './package/control.mjs';
import { nodeLicence, writePapers } from './package/papers.mjs';

const ROOT = new URL('..', import.meta.url).pathname;

/** Paths below `folder`, parents first, in the same order everywhere. */
function entries(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ path: join(entry.parentPath, entry.name), isFile: entry.isFile() }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Seconds since 1970 that every file of the package bears: SOURCE_DATE_EPOCH, else the commit's, else now. */
function epoch() {
  const given = process.env.SOURCE_DATE_EPOCH;
  if (given !== undefined) return Number(given);
  try {
    return Number(execFileSync('git', ['-C', ROOT, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }));
  } catch {
    return Math.floor(Date.now() / 1000);
  }
}

function isElf(path) {
  return (
    /\.node$|\.so(\.\d+)*$|\/bin\/node$/.test(path) &&
    readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF'
  );
}

/** dpkg's own rule: each file in whole KiB, everything else 1 KiB. */
const kibibytes = (found) =>
  found.reduce((sum, { path, isFile }) => sum + (isFile ? Math.ceil(statSync(path).size / 1024) : 1), 0);

function packageDeb({ out, version, compression, licence }) {
  const epochSec = epoch();
  const work = mkdtempSync(join(tmpdir(), 'samwire-deb-'));
  try {
    const tree = join(work, 'debian/samwire');
    mkdirSync(tree, { recursive: true });
    const program = join(tree, LAYOUT.program);
    stageProgram({ from: ROOT, to: program, node: process.execPath });
    stageSystemFiles(tree, ROOT);
    writePapers({ root: ROOT, tree, version, epochSec, modules: runtimeModules(ROOT), licence });
    const found = entries(tree);
    const files = found.filter(({ isFile }) => isFile).map(({ path }) => path);
    mkdirSync(join(tree, 'DEBIAN'));
    const depends = libraryDependencies(work, files.filter(isElf));
    writeControl({
      tree,
      files,
      version,
      depends,
      scripts: join(ROOT, 'packaging/debian'),
      kibibytes: kibibytes(found),
    });
    for (const { path, isFile } of [...entries(tree), { path: tree, isFile: false }]) {
      // Whatever the umask of who builds it.
      chmodSync(path, !isFile || statSync(path).mode & 0o100 ? 0o755 : 0o644);
      lutimesSync(path, epochSec, epochSec);
    }
    const deb = join(out, `samwire_${debianVersion(version)}_${architecture()}.deb`);
    mkdirSync(out, { recursive: true });
    const args = [
      `-Z${compression}`,
      ...(compression === 'gzip' ? ['-z1'] : []),
      '--root-owner-group',
      '--build',
      tree,
      deb,
    ];
    execFileSync('dpkg-deb', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSec) },
    });
    return deb;
  } finally {
    rmSync(work, { recursive: true });
  }
}

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'build') },
    version: {
      type: 'string',
      default: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    },
    compression: { type: 'string', default: 'xz' },
    'node-licence': { type: 'string' },
  },
});
const licence = values['node-licence']
  ? readFileSync(values['node-licence'], 'utf8')
  : nodeLicence(process.execPath);
const deb = packageDeb({ ...values, licence });
console.log(`${relative(process.cwd(), deb)}  ${(statSync(deb).size / 2 ** 20).toFixed(1)} MiB`);
