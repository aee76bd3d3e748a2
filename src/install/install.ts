import { spawnSync } from 'node:child_process';
import {
  chownSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '../errors.js';
import { VERSION } from '../version.js';
import { replaceFile } from './copy.js';
import { FROM_CLONE, LAYOUT } from './layout.js';
import { stageProgram, stageSystemFiles } from './stage.js';
import type { Step } from './step.js';
import { installedFromClone, isDpkgs, readScript, runScript } from './system.js';

export interface InstallOptions {
  /** The clone: the package's root, where everything is built. */
  readonly from: string;
  /** The Node that goes along. */
  readonly node: string;
  /** The system that is set up: `/`, or a folder that will become one. */
  readonly root: string;
  /** A config file, valid, that becomes the service's; by default the one that is there stays, or the example is put there. */
  readonly config?: string | undefined;
}

/**
 * What `samwire install` does, in order. The new program is made and tried beside the old one; they change places by two renames, and the
 * service is started anew after that: whatever fails before leaves the old one as it was.
 * @throws UnavailableError where it can't be: dpkg has it, or it is asked for from the installed program itself.
 */
export function installSteps(options: InstallOptions): Step[] {
  const { from, root, config } = options;
  refuseWhere(options);
  const program = join(root, LAYOUT.program);
  const fresh = `${program}.new`;
  const script = readScript(from, 'postinst');
  const before = installedFromClone(root);
  return [
    {
      what: `copy the program (version ${VERSION}) to ${fresh}`,
      run: () => makeFresh(options, program, fresh),
    },
    { what: 'try it: its Node, its addon', run: () => tryOut(fresh) },
    { what: `put it at ${program}`, run: () => changePlaces(program, fresh) },
    { what: `write ${files(root)}`, run: () => stageSystemFiles(root, from) },
    ...(config === undefined ? [] : configStep(root, config)),
    {
      what: `make user samwire, ${LAYOUT.state}, ${LAYOUT.cache}, and ${LAYOUT.config} if there is none; enable and start the service`,
      run: () =>
        runScript(script, {
          root,
          name: 'postinst',
          args: ['configure', before ?? ''],
          ...(config === undefined ? {} : { env: { SAMWIRE_FIRST_CONFIG: config } }),
        }),
    },
  ];
}

const files = (root: string): string =>
  [LAYOUT.launcher, LAYOUT.user, LAYOUT.manual, LAYOUT.unit].map((path) => join(root, path)).join(', ');

function refuseWhere({ from, root }: InstallOptions): void {
  if (isDpkgs(root))
    throw new UnavailableError(
      'The package samwire is installed here, and apt looks after it. A newer one: sudo apt-get install ./samwire_….deb; ' +
        'or make room for this clone (config and state stay): sudo apt-get remove samwire',
    );
  if (existsSync(join(from, FROM_CLONE)))
    throw new UnavailableError(
      `This is the installed program itself. Run it from a clone: node dist/cli/main.js install`,
    );
}

function makeFresh({ from, node }: InstallOptions, program: string, fresh: string): void {
  // A machine that lost its power between two renames.
  if (!existsSync(program) && existsSync(`${program}.old`)) renameSync(`${program}.old`, program);
  rmSync(fresh, { recursive: true, force: true });
  try {
    stageProgram({ from, to: fresh, node });
    writeFileSync(join(fresh, FROM_CLONE), `${VERSION}\n`);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  // On the disk before it takes the old one's place: robots are switched off at the plug.
  spawnSync('sync', ['--file-system', fresh]);
}

function tryOut(fresh: string): void {
  const program = `const { loadAddon } = await import(${JSON.stringify(join(fresh, 'dist/native/addon.js'))}); loadAddon().about();`;
  const tried = spawnSync(join(fresh, 'bin/node'), ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: {},
  });
  if (tried.status === 0) return;
  rmSync(fresh, { recursive: true, force: true });
  throw new Error(
    `The new program does not run here, and nothing was changed: ${tried.stderr.trim() || tried.error}`,
  );
}

function changePlaces(program: string, fresh: string): void {
  rmSync(`${program}.old`, { recursive: true, force: true });
  if (existsSync(program)) renameSync(program, `${program}.old`);
  renameSync(fresh, program);
  rmSync(`${program}.old`, { recursive: true, force: true });
}

/** One that is there is replaced, since that was asked for, and kept beside it. */
function configStep(root: string, config: string): Step[] {
  const path = join(root, LAYOUT.config);
  if (!existsSync(path)) return [];
  const data = readFileSync(config);
  if (data.equals(readFileSync(path))) return [];
  return [
    {
      what: `write ${config} to ${path}; what is there now is kept as ${path}.old`,
      run: () => {
        const { mode, uid, gid } = statSync(path);
        copyFileSync(path, `${path}.old`);
        chownSync(`${path}.old`, uid, gid);
        replaceFile(path, data, mode & 0o777);
        chownSync(path, uid, gid);
      },
    },
  ];
}
