import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, realpathSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

/** What dpkg, the user database and caches of other programs keep for themselves. */
export const BOOKKEEPING =
  /^\/var\/(?:lib\/dpkg|log|cache\/man|cache\/ldconfig|lib\/systemd\/deb-systemd-helper-enabled)(?:\/|$)|^\/etc\/(?:(?:passwd|group|shadow|gshadow|subuid|subgid)-?|\.pwd\.lock)$|^\/(?:tmp|run)\//;

export interface Ran {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly said: string;
}

/** A layer of memory over the machine's own system. */
const OVERLAY = `set -e
mount -t tmpfs -o mode=0755 tmpfs "$PLACE"
mkdir "$PLACE/up" "$PLACE/work" "$PLACE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$PLACE/up,workdir=$PLACE/work" "$PLACE/root"
root="$PLACE/root"
if [ ! -e "$root/var/lib/dpkg/status" ]; then echo "/ does not hold dpkg's database" >&2; exit 1; fi
`;
/** Without what Samwire may have left on this machine. man-db's index takes longer than all the rest. */
const PREPARE = `
for one in proc sys dev; do mount --rbind "/$one" "$root/$one"; done
mount --bind /bin/true "$root/usr/bin/mandb" 2>/dev/null || true
if [ -e "$root/var/lib/dpkg/info/samwire.list" ]; then chroot "$root" dpkg --purge samwire >&2; fi
rm -rf "$root/etc/samwire" "$root/var/lib/samwire" "$root/var/cache/samwire" "$root/usr/lib/samwire"
if chroot "$root" getent passwd samwire >/dev/null; then chroot "$root" userdel samwire >&2; fi
mkdir "$root/shared"
mount --bind "$SHARED" "$root/shared"
`;
const HIDE = `
for one in $HIDDEN; do
  # node_modules of a clone goes with the clone.
  if [ ! -e "$root$one" ]; then continue; fi
  if [ -d "$root$one" ]; then mount -t tmpfs tmpfs "$root$one"; else mount --bind /dev/null "$root$one"; fi
done
`;
/** Holds the namespace until its standard input ends, as it does with the test's own process. */
const HOLD = 'echo ready; exec cat >/dev/null';

/**
 * This machine's own system under a layer of memory, in a mount namespace of its own: the real dpkg installs into it, and
 * all of it is gone with the test. Needs root and overlayfs. No systemd runs in it.
 */
export class ThrowawayRoot {
  /** For files that are handed in: `/shared` inside. */
  readonly shared = mkdtempSync(join(tmpdir(), 'samwire-shared-'));
  readonly #place = mkdtempSync(join(tmpdir(), 'samwire-root-'));
  #holder: ChildProcess | undefined;

  /** Why there can be none here; undefined where there can. */
  static lacking(): string | undefined {
    if (process.getuid?.() !== 0) return 'not root';
    const place = mkdtempSync(join(tmpdir(), 'samwire-try-'));
    const env = { ...process.env, PLACE: place };
    const tried = spawnSync('unshare', ['--mount', 'sh', '-c', OVERLAY], { env, encoding: 'utf8' });
    rmdirSync(place);
    return tried.status === 0 ? undefined : `no layer over / (${tried.stderr?.trim()})`;
  }

  /** @param hideClone neither the clone nor this machine's Node can be reached inside: what runs is what was installed. */
  async start(options: { readonly hideClone: boolean }): Promise<void> {
    const hidden = [PACKAGE_ROOT, realpathSync(join(PACKAGE_ROOT, 'node_modules')), process.execPath];
    const env = { ...process.env, PLACE: this.#place, SHARED: this.shared, HIDDEN: hidden.join(' ') };
    const script = [OVERLAY, PREPARE, ...(options.hideClone ? [HIDE] : []), HOLD].join('\n');
    const holder = spawn('unshare', ['--mount', 'sh', '-c', script], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#holder = holder;
    const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
    if (String(said).trim() !== 'ready') throw new Error(`no throwaway root: ${String(said)}`);
  }

  /** Runs a command of `sh` in there as root, to its end. */
  run(command: string): Promise<Ran> {
    const [program = '', ...args] = this.#command(command);
    return new Promise((resolve) => {
      execFile(program, args, { env: ENVIRONMENT, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, said: `${stdout}${stderr}` });
      });
    });
  }

  /** Starts a command of `sh` in there that goes on; its standard error, where the log goes, is a pipe. */
  spawn(command: string): ChildProcess {
    const [program = '', ...args] = this.#command(command);
    return spawn(program, args, { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** How much the layer may hold, in MiB. */
  limit(megabytes: number): void {
    const [program = '', ...args] = this.#within();
    spawnSync(program, [...args, 'mount', '-o', `remount,size=${megabytes}m`, this.#place]);
  }

  /** MiB that the layer holds, with what is deleted and still open. */
  held(): number {
    const [program = '', ...args] = this.#within();
    const { stdout } = spawnSync(program, [...args, 'df', '--block-size=1M', '--output=used', this.#place], {
      encoding: 'utf8',
    });
    return Number(stdout.trim().split('\n').at(-1));
  }

  /** Files that are in the layer, and folders that the machine itself does not have; removed ones end in ` -`. */
  layer(): string[] {
    const [program = '', ...args] = this.#within();
    const up = join(this.#place, 'up');
    const found = spawnSync(program, [...args, 'find', up, '-mindepth', '1', '-printf', '%y /%P\\n'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    return found.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ kind: line[0], path: line.slice(2) }))
      .filter(({ kind, path }) => kind !== 'd' || !existsSync(path))
      .map(({ kind, path }) => (kind === 'c' ? `${path} -` : path))
      .sort();
  }

  async close(): Promise<void> {
    const holder = this.#holder;
    if (holder?.exitCode === null) {
      const ended = once(holder, 'close');
      holder.stdin?.end();
      await ended;
    }
    rmdirSync(this.#place);
    rmSync(this.shared, { recursive: true });
  }

  #command(command: string): string[] {
    return [...this.#within(), 'chroot', join(this.#place, 'root'), 'sh', '-c', command];
  }

  #within(): string[] {
    return ['nsenter', '--target', String(this.#holder?.pid), '--mount'];
  }
}

const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};
