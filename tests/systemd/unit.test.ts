import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/native/addon.js';

const UNIT = join(PACKAGE_ROOT, 'systemd/samwire.service');
/** Where the package puts it (docs/install.md). */
const PROGRAM = '/usr/lib/samwire';
/** Tenths, as `--threshold` has it. */
const MAX_EXPOSURE = 30;
/** `systemd-analyze security --offline` came with it. */
const LEAST_VERSION = 250;

function systemdVersion(): number {
  try {
    return Number(
      /systemd (\d+)/.exec(execFileSync('systemd-analyze', ['--version'], { encoding: 'utf8' }))?.[1],
    );
  } catch {
    return 0;
  }
}

const missing = systemdVersion() < LEAST_VERSION;
if (missing)
  console.warn(
    `samwire.service is not analysed: systemd-analyze ${LEAST_VERSION} or newer is not here (package systemd)`,
  );

const text = readFileSync(UNIT, 'utf8');
const values = (key: string): string[] =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');

describe('systemd/samwire.service', () => {
  const dir = mkdtempSync(join(tmpdir(), 'samwire-unit-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.skipIf(missing)('is clean for systemd-analyze verify', () => {
    // Programs must be there, so it is read with another place of them.
    const program = join(dir, 'program');
    mkdirSync(join(program, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(program, 'bin/node'));
    const copy = join(dir, 'samwire.service');
    writeFileSync(copy, text.replaceAll(`${PROGRAM}/`, `${program}/`));
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], {
      encoding: 'utf8',
    });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  it.skipIf(missing)(`has an exposure of at most ${MAX_EXPOSURE / 10}`, () => {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${MAX_EXPOSURE}`, UNIT];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    expect(stdout).toMatch(/Overall exposure level for samwire\.service: \d\.\d/);
    expect(status, stdout).toBe(0);
  });

  it('leaves open what the service can’t do without', () => {
    for (const key of [
      'MemoryDenyWriteExecute',
      'PrivateTmp',
      'PrivateDevices',
      'PrivateUsers',
      'PrivateNetwork',
    ])
      expect(values(key), key).toEqual([]);
  });

  it('runs the package’s own Node, as the user samwire, and does not repeat a faulty config', () => {
    expect(values('ExecStart')).toEqual([
      `${PROGRAM}/bin/node ${PROGRAM}/dist/cli/main.js run --config /etc/samwire/samwire.yaml`,
    ]);
    expect(values('User')).toEqual(['samwire']);
    expect(values('RestartPreventExitStatus')).toEqual(['78']);
    expect(values('Restart')).toEqual(['on-failure']);
  });
});
