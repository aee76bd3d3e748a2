import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from '../config/load.js';
import { UnavailableError } from '../errors.js';
import { installSteps } from '../install/install.js';
import { LAYOUT } from '../install/layout.js';
import { runSteps } from '../install/step.js';
import { uninstallSteps } from '../install/uninstall.js';
import { PACKAGE_ROOT } from '../native/addon.js';
import { EXIT } from './exit.js';

export interface InstallFlags {
  readonly config?: string;
  readonly root: string;
  readonly dryRun?: boolean;
}

export interface UninstallFlags {
  readonly purge?: boolean;
  readonly root: string;
  readonly dryRun?: boolean;
}

const tell = (line: string): void => void process.stdout.write(`samwire: ${line}\n`);

/** `samwire install`: 0 done, 69 where it can't be installed (not root, dpkg's), 78 when `--config` has faults. */
export function installCommand(flags: InstallFlags): number {
  const config = flags.config === undefined ? undefined : loadConfig(resolve(flags.config)).path;
  const root = rootOf(flags);
  const steps = installSteps({ from: PACKAGE_ROOT, node: process.execPath, root, config });
  needRoot(flags);
  runSteps(steps, { dryRun: flags.dryRun ?? false, tell });
  if (flags.dryRun) tell('nothing was done: --dry-run');
  else for (const line of next(root)) tell(line);
  return EXIT.done;
}

/** `samwire uninstall`: 0 also where nothing is installed, 69 where it can't be (not root, dpkg's). */
export function uninstallCommand(flags: UninstallFlags): number {
  const root = rootOf(flags);
  const steps = uninstallSteps({ from: PACKAGE_ROOT, root, purge: flags.purge ?? false });
  needRoot(flags);
  if (steps.length === 0) tell('nothing of Samwire is installed here.');
  runSteps(steps, { dryRun: flags.dryRun ?? false, tell });
  if (flags.dryRun) tell('nothing was done: --dry-run');
  else if (steps.length > 0)
    tell(
      flags.purge
        ? 'nothing is left of it.'
        : `${LAYOUT.configFolder}, ${LAYOUT.state} and ${LAYOUT.cache} are still there; samwire uninstall --purge removes them.`,
    );
  return EXIT.done;
}

function rootOf({ root }: { readonly root: string }): string {
  const folder = resolve(root);
  if (existsSync(folder)) return folder;
  throw new UnavailableError(`--root ${root}: there is no such folder.`);
}

function needRoot({ dryRun }: { readonly dryRun?: boolean }): void {
  if (dryRun || process.getuid?.() === 0) return;
  const command = [process.execPath, ...process.argv.slice(1)].join(' ');
  throw new UnavailableError(`This needs root. Run: sudo ${command}   (--dry-run shows what it would do)`);
}

function next(root: string): string[] {
  if (root !== '/') return [`done in ${root}; the service starts when that system is booted.`];
  if (!existsSync('/run/systemd/system'))
    return ['done. No systemd runs here: start it yourself, as user samwire: samwire run'];
  return [
    'done. What it does now:       systemctl status samwire',
    '      what is missing here:   samwire doctor',
    `      cameras and broker:     sudoedit ${LAYOUT.config} && sudo systemctl restart samwire`,
  ];
}
