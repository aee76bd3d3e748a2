import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';
import { VERSION } from '../../src/version.js';
import { tinyPackage } from './packages.js';
import { BOOKKEEPING, ThrowawayRoot } from './throwaway-root.js';

const lacking = ThrowawayRoot.lacking();
if (lacking) console.log(`SKIPPED: samwire install and uninstall: ${lacking}`);

const SLOW_DISK_MS = 300_000;
const MAIN = join(PACKAGE_ROOT, 'dist/cli/main.js');
const PREINST = join(PACKAGE_ROOT, 'packaging/debian/preinst');
const FROM_CLONE = `${process.execPath} ${MAIN}`;
const CONFIG = "version: 1\nmqtt: { url: 'mqtt://127.0.0.1:1' }\ncameras: {}\nhttp: { port: 0 }\n";

/** The tests are one story, in this order. */
describe.skipIf(lacking)('samwire install, from a clone', { timeout: SLOW_DISK_MS }, () => {
  const root = new ThrowawayRoot();
  let before: string[] = [];
  const said = async (command: string): Promise<string> => {
    const ran = await root.run(command);
    expect(ran, command).toMatchObject({ code: 0 });
    return ran.said.trim();
  };
  const folders = () => said('ls -d /usr/lib/samwire*');
  /** Marks the program that is there, so that one in its place is seen. */
  const mark = () => said('touch /usr/lib/samwire/marked');
  const isMarked = async () => (await root.run('test -e /usr/lib/samwire/marked')).code === 0;

  beforeAll(async () => {
    await root.start({ hideClone: false });
    before = root.layer().filter((path) => !BOOKKEEPING.test(path));
    writeFileSync(join(root.shared, 'ours.yaml'), CONFIG);
    writeFileSync(join(root.shared, 'faulty.yaml'), `${CONFIG}camera: {}\n`);
  }, SLOW_DISK_MS);

  afterAll(() => root.close());

  it('tells who is not root which command to type, and does nothing', async () => {
    const ran = await root.run(`setpriv --reuid 65534 --clear-groups ${FROM_CLONE} install`);
    expect(ran).toMatchObject({ code: 69, said: expect.stringContaining(`sudo ${FROM_CLONE} install`) });
  });

  it('only prints what it would do with --dry-run', async () => {
    expect(await said(`${FROM_CLONE} install --dry-run`)).toMatch(
      /\/usr\/lib\/samwire\.new[\s\S]*nothing was done/,
    );
    expect(root.layer().filter((path) => !BOOKKEEPING.test(path))).toEqual(before);
  });

  it('refuses a config with faults before it does anything', async () => {
    const ran = await root.run(`${FROM_CLONE} install --config /shared/faulty.yaml`);
    expect(ran).toMatchObject({ code: 78, said: expect.stringContaining('camera') });
    expect((await root.run('ls /usr/lib/samwire')).code).toBe(2);
  });

  it('puts program, user, folders, config and unit where the .deb does', async () => {
    expect(await said(`${FROM_CLONE} install --config /shared/ours.yaml`)).toContain('done');
    expect(await said('samwire --version')).toBe(VERSION);
    const places =
      '/etc/samwire/credentials /etc/samwire/samwire.yaml /var/lib/samwire /var/lib/samwire/models /var/cache/samwire';
    expect((await said(`stat -c '%a %U:%G' ${places} /usr/bin/samwire`)).split('\n')).toEqual([
      '700 root:root',
      '640 root:samwire',
      '750 samwire:samwire',
      '2770 samwire:samwire',
      '2770 samwire:samwire',
      '755 root:root',
    ]);
    expect(await said('cat /etc/samwire/samwire.yaml')).toBe(CONFIG.trim());
    expect(await said('find /usr/lib/samwire ! -user root -o -perm /022 ! -type l')).toBe('');
    expect(await said('systemctl is-enabled samwire.service; systemd-analyze verify samwire.service')).toBe(
      'enabled',
    );
    expect(await folders()).toBe('/usr/lib/samwire');
  });

  it('puts a newer one in the place of the old, and leaves an edited config alone', async () => {
    await mark();
    await said('echo "# edited" >>/etc/samwire/samwire.yaml');
    await said(`${FROM_CLONE} install`);
    expect(await isMarked()).toBe(false);
    expect(await said('cat /etc/samwire/samwire.yaml')).toBe(`${CONFIG}# edited`);
    expect(await folders()).toBe('/usr/lib/samwire');
  });

  it('leaves the old one as it is when the new one does not run, or does not fit on the disk', async () => {
    await mark();
    const addon = join(PACKAGE_ROOT, 'build/Release/samwire.node');
    await said(`cp ${addon} /tmp/addon && echo broken >${addon}`);
    const broken = await root.run(`${FROM_CLONE} install`);
    await said(`cp /tmp/addon ${addon}`);
    expect(broken).toMatchObject({ code: 1, said: expect.stringContaining('nothing was changed') });
    root.limit(root.held() + 100);
    const full = await root.run(`${FROM_CLONE} install`);
    root.limit(4096);
    expect(full).toMatchObject({ code: 1, said: expect.stringContaining('ENOSPC') });
    expect(await isMarked()).toBe(true);
    expect(await folders()).toBe('/usr/lib/samwire');
    expect(await said('samwire --version')).toBe(VERSION);
  });

  it('goes on where a machine lost its power between the two renames', async () => {
    await said('mv /usr/lib/samwire /usr/lib/samwire.old');
    await said(`${FROM_CLONE} install --config /shared/ours.yaml`);
    expect(await folders()).toBe('/usr/lib/samwire');
    // A config is replaced where that was asked for, and kept.
    expect(await said("cat /etc/samwire/samwire.yaml; stat -c '%a %U:%G' /etc/samwire/samwire.yaml")).toBe(
      `${CONFIG}640 root:samwire`,
    );
    expect(await said('cat /etc/samwire/samwire.yaml.old')).toBe(`${CONFIG}# edited`);
  });

  it('is not mixed with the .deb: each refuses where the other is, and says what to do', async () => {
    const deb = tinyPackage(root.shared, '9.0.0', readFileSync(PREINST, 'utf8'));
    const second = await root.run(`dpkg -i /shared/${basename(deb)}`);
    expect(second).toMatchObject({ code: 1, said: expect.stringContaining('sudo samwire uninstall') });
    await said('samwire uninstall');
    expect(await said('ls /etc/samwire')).toContain('samwire.yaml');
    expect(
      (await root.run('ls -d /usr/lib/samwire* /usr/bin/samwire /lib/systemd/system/samwire.service')).code,
    ).toBe(2);
    await said(
      'mkdir -p /usr/lib/samwire/config && cp /shared/ours.yaml /usr/lib/samwire/config/samwire.yaml',
    );
    await said(`dpkg -i /shared/${basename(deb)}`);
    for (const command of ['install', 'uninstall']) {
      const ran = await root.run(`${FROM_CLONE} ${command}`);
      expect(ran).toMatchObject({ code: 69, said: expect.stringContaining('sudo apt-get remove samwire') });
    }
    await said('dpkg -r samwire');
  });

  it('leaves nothing behind with uninstall --purge, also twice', async () => {
    await said(`${FROM_CLONE} install && touch /var/lib/samwire/models/one`);
    await said(
      `${FROM_CLONE} uninstall --purge && ${FROM_CLONE} uninstall --purge && ${FROM_CLONE} uninstall`,
    );
    // Its addon was exchanged above, in the layer.
    const left = root.layer().filter((path) => !BOOKKEEPING.test(path) && !path.startsWith(PACKAGE_ROOT));
    expect(left).toEqual(before);
    expect(await said('getent passwd samwire; getent group samwire; true')).toBe('');
    expect(await said("find /etc/systemd /var/lib/systemd -name '*samwire*'")).toBe('');
  });

  it('sets up another root file system, whose user has its own number', async () => {
    await said('mkdir -p /image/etc && printf "root:x:0:0:root:/root:/bin/sh\\n" >/image/etc/passwd');
    await said(`${FROM_CLONE} install --root /image`);
    const [name = '', , uid] = (await said('grep samwire /image/etc/passwd')).split(':');
    expect(name).toBe('samwire');
    expect(await said("stat -c '%u' /image/var/lib/samwire /image/var/cache/samwire")).toBe(`${uid}\n${uid}`);
    expect(await said('getent passwd samwire; ls /etc/samwire 2>&1; true')).toContain('cannot access');
    expect(await said('ls /image/etc/systemd/system/multi-user.target.wants')).toBe('samwire.service');
    await said(`${FROM_CLONE} uninstall --root /image --purge`);
    expect(
      await said(
        'ls /image/usr/lib /image/etc/samwire /image/var/lib/samwire 2>&1; cat /image/etc/passwd; true',
      ),
    ).not.toMatch(/^samwire$|samwire:/m);
  });
});
