import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '../errors.js';
import { LAYOUT } from './layout.js';
import type { Step } from './step.js';
import { installedFromClone, isDpkgs, readScript, runScript } from './system.js';

export interface UninstallOptions {
  /** The package's root that has the scripts: a clone, or the installed program. */
  readonly from: string;
  readonly root: string;
  /** Config, secrets, models, engines and the user as well. */
  readonly purge: boolean;
}

/**
 * What `samwire uninstall` does, in order; nothing where nothing is installed.
 * @throws UnavailableError where dpkg has it.
 */
export function uninstallSteps({ from, root, purge }: UninstallOptions): Step[] {
  if (isDpkgs(root))
    throw new UnavailableError(
      `The package samwire is installed here, and apt looks after it. Run: sudo apt-get ${purge ? 'purge' : 'remove'} samwire`,
    );
  const scripts = { prerm: readScript(from, 'prerm'), postrm: readScript(from, 'postrm') };
  const call = (name: 'prerm' | 'postrm', arg: string): void =>
    runScript(scripts[name], { root, name, args: [arg] });
  const program = join(root, LAYOUT.program);
  const steps: Step[] = [];
  if (installedFromClone(root) !== undefined || existsSync(`${program}.new`) || existsSync(`${program}.old`))
    steps.push(
      { what: 'stop the service', run: () => call('prerm', 'remove') },
      { what: `remove ${program} and what lies outside of it`, run: () => removeFiles(root, program) },
      { what: 'tell systemd', run: () => call('postrm', 'remove') },
    );
  if (purge)
    steps.push({
      what: `remove ${[LAYOUT.configFolder, LAYOUT.state, LAYOUT.cache].map((path) => join(root, path)).join(', ')} and the user samwire`,
      run: () => call('postrm', 'purge'),
    });
  return steps;
}

/** The program goes in one step, so that nothing starts a half of it. */
function removeFiles(root: string, program: string): void {
  for (const path of [LAYOUT.launcher, LAYOUT.unit, LAYOUT.user, LAYOUT.manual])
    rmSync(join(root, path), { force: true });
  rmSync(`${program}.old`, { recursive: true, force: true });
  if (existsSync(program)) renameSync(program, `${program}.old`);
  for (const folder of [`${program}.old`, `${program}.new`]) rmSync(folder, { recursive: true, force: true });
}
