// A machine for scripts/systemd-trial.mjs: this one's own system under a layer of memory, booted by the real systemd as PID 1
// in namespaces of its own (systemd-nspawn), with no network but loopback. All of it is gone when it is closed.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Units of this machine that would start in there are left out; what is wanted is started by name. */
const LAYER = `set -e
mount -t tmpfs -o mode=0755,size=2g tmpfs "$PLACE"
mkdir "$PLACE/up" "$PLACE/work" "$PLACE/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$PLACE/up,workdir=$PLACE/work" "$PLACE/root"
cd "$PLACE/root"
rm -rf etc/samwire var/lib/samwire var/cache/samwire usr/lib/samwire etc/systemd/system/*.wants lib/systemd/system/multi-user.target.wants
mkdir -p trial
printf uninitialized > etc/machine-id
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --machine=samwire-trial --directory="$PLACE/root" \\
  --boot systemd.unit=basic.target systemd.show_status=0`;

const BOOT_MS = 60_000;
const COMMAND_MS = 180_000;

/** Why there can be no such machine here; undefined where there can. */
export function lacking() {
  if (process.getuid() !== 0) return 'only root may boot a machine';
  const { status } = spawnSync('systemd-nspawn', ['--version']);
  if (status !== 0) return 'systemd-nspawn is not here: apt-get install -y systemd-container';
  return undefined;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Machine {
  #place = mkdtempSync(join(tmpdir(), 'samwire-machine-'));
  #nspawn;
  #init;
  #log = '';

  async boot() {
    const nspawn = spawn('unshare', ['--mount', 'sh', '-c', LAYER], {
      env: { ...process.env, PLACE: this.#place },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#nspawn = nspawn;
    for (const stream of [nspawn.stdout, nspawn.stderr])
      stream.on('data', (text) => {
        this.#log = (this.#log + text).slice(-20_000);
      });
    const deadline = Date.now() + BOOT_MS;
    while (Date.now() < deadline && nspawn.exitCode === null) {
      await sleep(200);
      // unshare has become nspawn by exec; its child is the machine's PID 1.
      this.#init ??=
        readFileSync(`/proc/${nspawn.pid}/task/${nspawn.pid}/children`, 'utf8').trim().split(' ')[0] ||
        undefined;
      if (this.#init === undefined) continue;
      const { said } = await this.run('systemctl is-system-running');
      if (/^(running|degraded)/.test(said)) return;
    }
    throw new Error(`systemd did not come up; it said:\n${this.#log}`);
  }

  /** Runs a command of `sh` in there as root, to its end: its exit code, what it said, and how long it took. */
  run(command) {
    const sinceMs = performance.now();
    const args = ['--target', this.#init, '--all', 'sh', '-c', command];
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };
    return new Promise((resolve) => {
      execFile('nsenter', args, { env, maxBuffer: 2 ** 26, timeout: COMMAND_MS }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, said: `${stdout}${stderr}`.trim(), ms: Math.round(performance.now() - sinceMs) });
      });
    });
  }

  /** Writes a file in there. */
  write(path, text, mode = 0o644) {
    const at = `/proc/${this.#init}/root${path}`;
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, text, { mode });
  }

  copy(from, to) {
    copyFileSync(from, `/proc/${this.#init}/root${to}`);
  }

  async close() {
    const nspawn = this.#nspawn;
    if (nspawn?.exitCode === null) {
      const ended = new Promise((resolve) => nspawn.once('close', resolve));
      nspawn.kill('SIGTERM');
      const timer = setTimeout(() => nspawn.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(timer);
    }
    rmdirSync(this.#place);
  }
}
