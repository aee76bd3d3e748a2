import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UnavailableError } from '../errors.js';
import { ADDON_FILE } from '../native/addon.js';
import { copyFile, copyTree, type Leave, replaceFile } from './copy.js';
import { LAYOUT, SCRIPTS } from './layout.js';
import { runtimeModules } from './modules.js';

/** The program's own files, from its root. */
const PROGRAM = [
  'package.json',
  'LICENSE',
  'dist',
  ADDON_FILE,
  'engines',
  'config',
  'assets',
  'docs',
  'packaging',
];
/** Made by a build, not in git. */
const BUILT = [ADDON_FILE, 'dist/cli/main.js', 'dist/console/index.html'];
/** What nothing reads at run time: types, their sources, source maps. */
const NOT_RUN = /\.(?:[cm]?ts|tsx|map|tsbuildinfo)$/;
/** Of npm packages: pages, shell scripts, settings of their authors' tools. */
const NOT_RUN_EITHER = /\.(?:md|markdown|html|sh)$|^\.|\/\./i;
const LICENCE = /licen[cs]e|copying|notice/i;
/** At the top of an npm package. */
const NOT_RUN_FOLDERS = new Set(
  'test tests __tests__ spec integration example examples benchmark benchmarks docs'.split(' '),
);
const PROGRAMS = new Set([
  'dist/cli/main.js',
  'packaging/samwire',
  ...['preinst', 'postinst', 'prerm', 'postrm'].map((name) => `${SCRIPTS}/${name}`),
]);

export interface StageOptions {
  /** The package's root: a clone where everything is built. */
  readonly from: string;
  /** The program's folder: must not exist. */
  readonly to: string;
  /** The Node that it runs with: a copy goes along. */
  readonly node: string;
}

/**
 * Copies the program as it is installed: compiled TypeScript, console, addon, bundled model, what of node_modules is needed
 * on this machine, and Node itself. Folders are 0755, files 0644 or 0755, whatever the umask; times are not kept.
 * @throws UnavailableError when something is not built or not installed yet.
 */
export function stageProgram({ from, to, node }: StageOptions): void {
  for (const name of BUILT)
    if (!existsSync(join(from, name)))
      throw new UnavailableError(`${join(from, name)} is not there yet. Run: bash scripts/setup.sh`);
  const modules = runtimeModules(from);
  const copy = (path: string, leave: Leave): void => copyTree({ from, to, path, leave, programs: PROGRAMS });
  for (const path of PROGRAM)
    copy(path, (file, isFolder) => (isFolder ? file === 'docs/images' : NOT_RUN.test(file)));
  for (const { path } of modules)
    copy(path, (file, isFolder) => leftOut(file.slice(path.length + 1), isFolder));
  copyFile(node, join(to, 'bin/node'), true);
}

/** Of an npm package, by the path inside of it. A package within it is one of its own, copied when it is needed. */
function leftOut(inside: string, isFolder: boolean): boolean {
  if (isFolder)
    return (
      inside === 'node_modules' || inside.startsWith('.') || NOT_RUN_FOLDERS.has(inside) || isForeign(inside)
    );
  return NOT_RUN.test(inside) || (NOT_RUN_EITHER.test(inside) && !LICENCE.test(inside));
}

/** onnxruntime-node brings its library for every system and processor. */
function isForeign(inside: string): boolean {
  const [, platform, arch] = /^bin\/napi-v\d+\/([a-z0-9]+)(?:\/([a-z0-9]+))?$/.exec(inside) ?? [];
  if (platform === undefined) return false;
  return platform !== process.platform || (arch !== undefined && arch !== process.arch);
}

/** Puts what lies outside of the program's folder under `root`: launcher, unit, user, manual. */
export function stageSystemFiles(root: string, from: string): void {
  const put = (to: string, data: Buffer, mode: number): void => replaceFile(join(root, to), data, mode);
  const read = (name: string): Buffer => readFileSync(join(from, name));
  put(LAYOUT.launcher, read('packaging/samwire'), 0o755);
  put(LAYOUT.user, read('packaging/sysusers.conf'), 0o644);
  put(LAYOUT.manual, gzipSync(read('packaging/samwire.1'), { level: 9 }), 0o644);
  put(LAYOUT.unit, read('systemd/samwire.service'), 0o644);
}
