import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VERSION } from '../../src/version.js';
import { buildPackage, otherVersion, tinyPackage } from './packages.js';
import { BOOKKEEPING, ThrowawayRoot } from './throwaway-root.js';

const lacking = ThrowawayRoot.lacking();
if (lacking) console.log(`SKIPPED: installing the .deb by the real dpkg: ${lacking}`);

/** Hundreds of megabytes are written, beside other tests. */
const SLOW_DISK_MS = 300_000;
const NEWER = '9.0.0';
const LAUNCHER = '/usr/bin/samwire';
const BROKEN = '#!/bin/sh\necho "no, not here" >&2\nexit 1\n';
const CONFIG = `version: 1
node: { id: robot-7 } # ours
mqtt: { url: 'mqtt://127.0.0.1:1' }
cameras:
  front: { source: 'test://ball', width: 160, height: 120, fps: 5 }
http: { port: 0 }
`;

/** The tests are one story, in this order. */
describe.skipIf(lacking)('the .deb, by the real dpkg', { timeout: SLOW_DISK_MS }, () => {
  const root = new ThrowawayRoot();
  let first = '';
  let newer = '';
  let before: string[] = [];
  let service: ChildProcess | undefined;

  const install = (deb: string) => root.run(`dpkg --force-unsafe-io -i /shared/${basename(deb)}`);
  const said = async (command: string): Promise<string> => {
    const ran = await root.run(command);
    expect(ran, command).toMatchObject({ code: 0 });
    return ran.said.trim();
  };
  const config = () => said("cat /etc/samwire/samwire.yaml; stat -c '%a %U:%G' /etc/samwire/samwire.yaml");
  const state = () => said("dpkg -s samwire | sed -n 's/^Status: //p; s/^Version: //p'");

  beforeAll(async () => {
    first = buildPackage(root.shared);
    await root.start({ hideClone: true });
    before = root.layer().filter((path) => !BOOKKEEPING.test(path));
  }, SLOW_DISK_MS);

  afterAll(async () => {
    service?.kill('SIGKILL');
    await root.close();
  });

  it('has what it needs as dependencies, and the size of its files', () => {
    const field = (name: string): string =>
      execFileSync('dpkg-deb', ['-f', first, name], { encoding: 'utf8' }).trim();
    for (const name of ['libc6 (>= ', 'libgstreamer1.0-0', 'gstreamer1.0-plugins-good'])
      expect(field('Depends')).toContain(name);
    expect(field('Depends')).not.toMatch(/onnxruntime|vips|nvinfer|nodejs|cmake/);
    const listed = execFileSync('dpkg-deb', ['-c', first], { encoding: 'utf8' }).trim().split('\n');
    const rows = listed.map((line) => line.split(/\s+/));
    const kibibytes = rows.reduce(
      (sum, [mode, , size]) => sum + (mode?.startsWith('-') ? Number(size) / 1024 : 1),
      0,
    );
    expect(Number(field('Installed-Size')) / kibibytes).toBeGreaterThan(1);
    expect(Number(field('Installed-Size')) / kibibytes).toBeLessThan(1.1);
    expect(rows.filter(([mode]) => !/^(?:-rw-r--r--|[-d]rwxr-xr-x|l)/.test(mode ?? ''))).toEqual([]);
    expect(rows.filter(([, owner]) => owner !== 'root/root')).toEqual([]);
    expect(rows.filter(([mode]) => /^[^l]....w|^[^l].......w/.test(mode ?? ''))).toEqual([]);
  });

  it('is installed: program, user with its groups, folders, a first config that only root and the service can read', async () => {
    const ran = await install(first);
    expect(ran, ran.said).toMatchObject({ code: 0 });
    expect(await state()).toBe(`install ok installed\n${VERSION}`);
    expect(await said('dpkg --verify samwire')).toBe('');
    const places =
      '/etc/samwire /etc/samwire/credentials /etc/samwire/samwire.yaml /var/lib/samwire /var/lib/samwire/models /var/cache/samwire';
    expect((await said(`stat -c '%n %a %U:%G' ${places} ${LAUNCHER}`)).split('\n')).toEqual([
      '/etc/samwire 755 root:root',
      '/etc/samwire/credentials 700 root:root',
      '/etc/samwire/samwire.yaml 640 root:samwire',
      '/var/lib/samwire 750 samwire:samwire',
      '/var/lib/samwire/models 2770 samwire:samwire',
      '/var/cache/samwire 2770 samwire:samwire',
      '/usr/bin/samwire 755 root:root',
    ]);
    expect(await said('id samwire')).toMatch(
      /^uid=\d+\(samwire\) gid=\d+\(samwire\) groups=.*\(video\).*\(render\)/,
    );
    expect(await said('getent passwd samwire')).toMatch(/:\/var\/lib\/samwire:\/usr\/sbin\/nologin$/);
    expect(await said('cmp /usr/lib/samwire/config/samwire.yaml /etc/samwire/samwire.yaml')).toBe('');
    expect(await said('systemctl is-enabled samwire.service')).toBe('enabled');
  });

  it('segments a picture as the user samwire, with its own Node, where there is neither clone nor other Node', async () => {
    expect((await root.run('node --version')).code).not.toBe(0);
    expect(await said('samwire --version')).toBe(VERSION);
    const segment = `samwire segment /usr/lib/samwire/assets/self-test/table.jpg --prompts - --out /tmp/out --json`;
    const line = await said(`echo '{"box":[585,370,792,589]}' | runuser -u samwire -- ${segment}`);
    const masks = JSON.parse(line) as { masks: { area: number; score: number }[] };
    expect(masks.masks[0]?.area).toBeGreaterThan(1000);
    expect(await said("stat -c '%U' /tmp/out/masks.json")).toBe('samwire');
    await said('rm -r /tmp/out');
  });

  it('has a unit that systemd finds no fault with', async () => {
    expect(await said('systemd-analyze verify samwire.service')).toBe('');
  });

  it('runs as the user samwire, with the config as it was edited', async () => {
    writeFileSync(join(root.shared, 'edited.yaml'), CONFIG);
    await said('cat /shared/edited.yaml >/etc/samwire/samwire.yaml');
    service = root.spawn('cd / && exec setpriv --reuid samwire --regid samwire --init-groups samwire run');
    const lines = createInterface({ input: service.stderr as Readable });
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push(line);
      if (line.includes('"msg":"online"')) return;
    }
    expect.unreachable(`it has ended: ${seen.join('\n')}`);
  });

  it('keeps the edited config over an upgrade, and nothing of the old program', async () => {
    newer = otherVersion(first, NEWER, (tree) => {
      rmSync(join(tree, 'usr/lib/samwire/docs'), { recursive: true });
      mkdirSync(join(tree, 'usr/lib/samwire/new'));
      writeFileSync(join(tree, 'usr/lib/samwire/new/file'), 'new\n');
      writeFileSync(join(tree, 'usr/lib/samwire/config/samwire.yaml'), '# another example\nversion: 1\n');
    });
    const ran = await install(newer);
    expect(ran, ran.said).toMatchObject({ code: 0 });
    expect(await state()).toBe(`install ok installed\n${NEWER}`);
    expect(await config()).toBe(`${CONFIG}640 root:samwire`);
    expect(await said('cat /usr/lib/samwire/new/file; ls -d /usr/lib/samwire/docs 2>&1 || true')).toMatch(
      /^new\nls: cannot access/,
    );
  });

  it('leaves the version that is there, whole and running, when the first script of an upgrade fails', async () => {
    const ran = await install(tinyPackage(root.shared, '9.1.0', BROKEN));
    expect(ran).toMatchObject({ code: 1, said: expect.stringContaining('no, not here') });
    expect(await state()).toBe(`install ok installed\n${NEWER}`);
    expect(await said('samwire --version')).toBe(VERSION);
    expect(service?.exitCode).toBe(null);
  });

  it('leaves the version that is there, whole and running, when the disk is full in the midst of an upgrade', async () => {
    const deb = otherVersion(first, '9.2.0', () => undefined);
    // The new Node fits beside the old one, the rest does not.
    root.limit(root.held() + 120);
    const ran = await install(deb);
    root.limit(4096);
    rmSync(deb);
    expect(ran).toMatchObject({ code: 1, said: expect.stringContaining('No space left on device') });
    expect(await state()).toBe(`install ok installed\n${NEWER}`);
    expect(await said('dpkg --audit; cat /usr/lib/samwire/new/file; samwire --version')).toBe(
      `new\n${VERSION}`,
    );
    expect(await said("find /usr/lib/samwire /usr/bin/samwire -name '*.dpkg-*'")).toBe('');
    expect(service?.exitCode).toBe(null);
  });

  it('keeps config and user when it is removed, and a new installation finds them', async () => {
    service?.kill('SIGKILL');
    expect(await root.run('dpkg -r samwire')).toMatchObject({ code: 0 });
    expect(await state()).toBe(`deinstall ok config-files\n${NEWER}`);
    expect(await config()).toBe(`${CONFIG}640 root:samwire`);
    expect(
      (await root.run('ls /usr/lib/samwire /usr/bin/samwire /lib/systemd/system/samwire.service')).code,
    ).toBe(2);
    await said('echo "camera: {}" >>/etc/samwire/samwire.yaml');
    const ran = await install(first);
    // A config that does not fit is told, and is no reason to leave a robot with half a package.
    expect(ran).toMatchObject({ code: 0, said: expect.stringContaining('cameras') });
    expect(await config()).toBe(`${CONFIG}camera: {}\n640 root:samwire`);
  });

  it('leaves nothing behind when it is purged', async () => {
    await said(
      'touch /etc/samwire/credentials/mqtt-password /var/lib/samwire/models/one /var/cache/samwire/one',
    );
    const ran = await root.run('dpkg -P samwire');
    expect(ran, ran.said).toMatchObject({ code: 0 });
    expect(root.layer().filter((path) => !BOOKKEEPING.test(path))).toEqual(before);
    expect(await said('getent passwd samwire; getent group samwire; true')).toBe('');
    expect(await said("find /etc/systemd /var/lib/systemd -name '*samwire*'")).toBe('');
  });
});
