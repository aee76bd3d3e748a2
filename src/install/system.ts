import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FROM_CLONE, LAYOUT, SCRIPTS } from './layout.js';

/** Of root's own shell, whatever the caller's is: sudo hands on less on some machines. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface ScriptCall {
  /** The system that is set up: `/`, or a folder that will become one. */
  readonly root: string;
  readonly name: 'postinst' | 'prerm' | 'postrm';
  /** As dpkg would give them. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A maintainer script's text, from a clone or an installed program. */
export function readScript(from: string, name: ScriptCall['name']): string {
  return readFileSync(join(from, SCRIPTS, name), 'utf8');
}

/**
 * Runs a maintainer script as dpkg does; what it says goes to the terminal.
 * @param text the script itself, since its file may be gone by then
 * @throws Error when it fails
 */
export function runScript(text: string, { root, name, args, env }: ScriptCall): void {
  const { status, error } = spawnSync('sh', ['-s', '--', ...args], {
    input: text,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: {
      PATH,
      LC_ALL: 'C.UTF-8',
      // deb-systemd-helper does nothing for others than dpkg.
      DPKG_MAINTSCRIPT_PACKAGE: 'samwire',
      ...(root === '/' ? {} : { DPKG_ROOT: root }),
      ...env,
    },
  });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${SCRIPTS}/${name} ${args.join(' ')} has failed (${status}), see above.`);
}

/** Whether dpkg has the package's files on this system: then everything is apt's business. */
export function isDpkgs(root: string): boolean {
  const admin = join(root, 'var/lib/dpkg');
  const args = [`--admindir=${admin}`, '-W', '-f', '$' + '{db:Status-Status}', 'samwire'];
  const { stdout } = spawnSync('dpkg-query', args, { encoding: 'utf8' });
  return !['', 'not-installed', 'config-files'].includes((stdout ?? '').trim());
}

/** The version that `samwire install` has put there; undefined where it has not. */
export function installedFromClone(root: string): string | undefined {
  const marker = join(root, LAYOUT.program, FROM_CLONE);
  return existsSync(marker) ? readFileSync(marker, 'utf8').trim() : undefined;
}
